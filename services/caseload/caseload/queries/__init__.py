"""Reads of caseload. Nothing here writes; what locks says so."""
