"""`python -m gateway`."""

from chassis import service
from gateway.main import run

if __name__ == "__main__":
    service.main(run())
