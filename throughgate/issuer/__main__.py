"""`python -m throughgate.issuer` serves the issuer; with the word `rotate` it makes a new signing key instead."""

import sys

import uvicorn

from chassis import logging, telemetry
from chassis.settings import Settings
from throughgate.issuer.app import IssuerRefused, build
from throughgate.issuer.keyring import KeyRing


def main(arguments: list[str]) -> int:
    """Run the command; the exit status is 2 for a wrong one and 1 where the issuer may not run."""
    settings = Settings(service="issuer")
    if arguments not in ([], ["rotate"]):
        print("usage: python -m throughgate.issuer [rotate]", file=sys.stderr)
        return 2
    try:
        app = build(settings)
    except IssuerRefused as error:
        print(error, file=sys.stderr)
        return 1
    if arguments:
        print(KeyRing(settings.data_dir / "issuer").rotate())
        return 0
    logging.configure(settings)
    telemetry.configure(settings)
    try:
        uvicorn.run(app, host=settings.http_host, port=settings.http_port, access_log=False, log_config=None)
    finally:
        telemetry.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
