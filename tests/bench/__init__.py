"""Measurements, run by hand: `python -m tests.bench.NAME`. Never part of the quick suite."""
