"""Writes: one function per use case. None commits; the edge does."""
