"""Reads of release-notify."""
