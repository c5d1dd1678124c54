"""Reads of the gateway's database."""
