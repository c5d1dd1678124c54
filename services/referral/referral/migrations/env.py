"""Alembic's entry: the chassis runs it with the owner's role."""

from chassis.migrations import run_env
from referral.models import Table

run_env(Table.metadata)
