"""Benchmarks: every speed claim of the docs, each printed as a ratio to a baseline measured in the same run."""
