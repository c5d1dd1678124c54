"""`python -m throughgate` is the command `throughgate`."""

from throughgate.cli import main

main()
