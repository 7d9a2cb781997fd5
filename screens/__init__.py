"""The places an operator can be: one file a place, with its style sheet."""
