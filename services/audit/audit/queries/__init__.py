"""Reads of the log. Every filter has its index; every list goes by log index."""
