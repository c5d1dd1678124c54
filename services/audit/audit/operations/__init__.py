"""Writes, one function per use case; none commits."""
