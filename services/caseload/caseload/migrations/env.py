"""Alembic's entry point."""

from caseload.models import Table
from chassis.migrations import run_env

run_env(Table.metadata)
