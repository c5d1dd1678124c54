"""Starts referral."""

from chassis.service import main as start
from referral.main import main

start(main())
