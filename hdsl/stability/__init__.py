"""Stability: where the step of a model settles and where it grows, by the numbers of its file; warnings and audit read it."""
