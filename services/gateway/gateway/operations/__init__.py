"""Writes of the gateway's database, one function per use case; they never commit."""
