"""`python -m audit`."""

from audit.main import run
from chassis import service

service.main(run())
