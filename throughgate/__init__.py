"""The command line of Throughgate, and what it needs to run the whole of it on one machine."""
