"""Our terminal beside tmux: the same bytes, cell by cell. `python -m tests.terminal` asks tmux."""
