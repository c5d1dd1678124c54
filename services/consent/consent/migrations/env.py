"""Alembic's entry point."""

from chassis.migrations import run_env
from consent.models import Table

run_env(Table.metadata)
