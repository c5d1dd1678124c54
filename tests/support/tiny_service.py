"""A process that answers `/health/readiness` with its name and ends on SIGTERM: what the supervisor's own tests run.

Started as `python -m tests.support.tiny_service`; with TINY_SERVICE_FAILS set it ends at once with code 3.
With TINY_SERVICE_GRANDCHILD set it starts a process of its own and writes that one's id to the data folder.
"""

import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/readiness" else 404)
        self.end_headers()
        self.wfile.write(b'{"status":"ready","service":"%s"}' % os.environ["THROUGHGATE_SERVICE"].encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    if os.environ.get("TINY_SERVICE_FAILS"):
        sys.exit(3)
    if os.environ.get("TINY_SERVICE_GRANDCHILD"):
        _start_grandchild()
    HTTPServer(("127.0.0.1", int(os.environ["THROUGHGATE_HTTP_PORT"])), _Answers).serve_forever()


def _start_grandchild() -> None:
    grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    (Path(os.environ["THROUGHGATE_DATA_DIR"]) / "grandchild").write_text(str(grandchild.pid))


if __name__ == "__main__":
    main()
