"""Starts release-notify."""

from chassis.service import main as start
from release_notify.main import main

start(main())
