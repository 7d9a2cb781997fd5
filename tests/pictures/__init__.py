"""The pictures of README.md; `python -m tests.pictures` draws them anew from the demo."""
