"""Starts consent."""

from chassis.service import main as start
from consent.main import main

start(main())
