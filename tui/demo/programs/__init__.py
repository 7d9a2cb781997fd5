"""The simulated programs: coroutines from a Call and a Machine to an exit status."""
