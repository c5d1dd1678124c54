"""Starts caseload."""

from caseload.main import main
from chassis.service import main as start

start(main())
