"""The embedded fleet: an in-process sshd, a sandbox a host, shims for what it cannot have."""
