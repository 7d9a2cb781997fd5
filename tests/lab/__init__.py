"""The lab: real systemd hosts on one machine, in namespaces and overlays of their own.

`python -m tests.lab up|down|status|exec|test`; needs root on Debian. See README.md beside this.
"""
