"""Floor 2: the way to a host; with `demo` the only importer of asyncssh."""
