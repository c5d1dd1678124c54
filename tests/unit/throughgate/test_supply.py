"""A finding fails the build; a service that is not there does not, and is not taken for one that found nothing."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.source import ROOT
from throughgate import supply

FIRST, SECOND = (f"    --hash=sha256:{digit * 64}\n" for digit in "01")
PINNED = f"made-up==1.0 \\\n{FIRST}another==2.1 ; python_version > '3' \\\n{SECOND}"


class Advisories(BaseHTTPRequestHandler):
    """Speaks OSV: `made-up` before 1.1 is unsafe, everything else is not."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        known = asked["package"]["name"] == "made-up" and asked["version"] == "1.0"
        affected = {
            "package": {"name": "made-up", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
        vuln = {"id": "MADE-UP-1", "summary": "made up", "affected": [affected], "modified": "2026-01-01T00:00:00Z"}
        body = json.dumps({"vulns": [vuln]} if known else {}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def advisories() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.txt"
    file.write_text(PINNED)
    return file


def test_a_known_weakness_is_named_with_where_it_is_mended(advisories: str, requirements: Path) -> None:
    with pytest.raises(supply.Unsafe, match=r"made-up 1\.0: MADE-UP-1, mended in 1\.1"):
        supply.audit(requirements, advisories=advisories)


def test_what_is_not_unsafe_is_counted(advisories: str, requirements: Path) -> None:
    requirements.write_text(requirements.read_text().replace("made-up==1.0", "made-up==1.1"))
    said = supply.audit(requirements, advisories=advisories)
    assert said == "advisories: 2 packages looked up, 0 not known there, none unsafe"


def test_a_service_that_was_named_must_answer(requirements: Path) -> None:
    with pytest.raises(supply.Unsafe, match="does not answer"):
        supply.audit(requirements, advisories="http://127.0.0.1:9/v1/query")


@pytest.mark.parametrize("report", ["", "Traceback", "[]", "{}"])
def test_no_report_is_no_answer(report: str) -> None:
    assert supply.read_audit(report) is None


def test_a_service_that_knows_none_of_us_has_looked_at_nothing(
    monkeypatch: pytest.MonkeyPatch, requirements: Path
) -> None:
    unknown = {"dependencies": [{"name": "made-up", "skip_reason": "not found"}]}
    assert supply.read_audit(json.dumps(unknown)) == supply.Audit(0, 1, ())
    monkeypatch.setattr(supply, "_ask", lambda *_: supply.read_audit(json.dumps(unknown)))
    assert "NOT LOOKED UP" in supply.audit(requirements)


def test_the_sbom_lists_what_is_shipped_with_hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    said = supply.write_sbom(supply.SHIPPED, tmp_path / "sbom.json")
    made = json.loads((tmp_path / "sbom.json").read_text())
    assert made["bomFormat"] == "CycloneDX"
    assert said.startswith(f"SBOM: {len(made['components'])} packages")
    assert {"fastapi", "aiokafka", "cryptography"} <= {each["name"] for each in made["components"]}


def test_pins_are_read_whatever_follows_them(requirements: Path) -> None:
    assert supply.pinned(requirements.read_text()) == {"made-up": "1.0", "another": "2.1"}
