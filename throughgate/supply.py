"""`python -m throughgate.supply`: what Throughgate is made of, as an SBOM, and whether any of it is known to be unsafe.

A finding fails. A service of advisories that cannot be asked, or that knows none of our packages, does not: the build
must not go red because the network is not there. But it is said, in words that nobody takes for "nothing found".
`ADVISORIES` names another service that speaks OSV, such as a mirror in a closed network; then that one must answer.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUIREMENTS = Path("requirements")
AUDITED = REQUIREMENTS / "dev.txt"
"""Everything that is ever installed: at run time, on a bare machine, for tests and for the image."""
SHIPPED = REQUIREMENTS / "runtime.txt"
SBOM = Path("build") / "sbom.cdx.json"
ANSWER_S = 300
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


class Unsafe(Exception):
    """Something we are made of has a known weakness, or the SBOM is not what is shipped. The text says which."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What one service said: packages it looked at, packages it does not know, and its findings by package."""

    looked_at: int
    unknown: int
    findings: tuple[str, ...]


def pinned(requirements: str) -> dict[str, str]:
    """Package -> version of a compiled requirements file."""
    return {_plain(name): version for name, version in _PINNED.findall(requirements)}


def read_audit(report: str) -> Audit | None:
    """pip-audit's report; None if there is none, because the service could not be asked."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    looked_at = [each for each in dependencies if "skip_reason" not in each]
    findings = [
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version'}"
        for each in looked_at
        for found in each["vulns"]
    ]
    return Audit(len(looked_at), len(dependencies) - len(looked_at), tuple(findings))


def audit(requirements: Path, *, advisories: str = "") -> str:
    """Asks the services one after the other until one knows us; one sentence of what came of it. Raises Unsafe."""
    ways = [("-s", "osv", "--osv-url", advisories)] if advisories else [("-s", "pypi"), ("-s", "osv")]
    for way in ways:
        found = _ask(requirements, way)
        if found is not None and found.looked_at:
            if found.findings:
                raise Unsafe("known weaknesses:\n  " + "\n  ".join(found.findings))
            return f"advisories: {found.looked_at} packages looked up, {found.unknown} not known there, none unsafe"
    if advisories:
        raise Unsafe("the service of advisories that was named does not answer")
    return "advisories: NOT LOOKED UP, no service of advisories could be asked for our packages from here"


def _ask(requirements: Path, way: Sequence[str]) -> Audit | None:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--no-deps", "--disable-pip"]
    command += ["--progress-spinner", "off", "--format", "json", "--desc", "off", *way]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except subprocess.TimeoutExpired:
        return None
    return read_audit(done.stdout)


def write_sbom(shipped: Path, to: Path) -> str:
    """Writes the CycloneDX SBOM of what is shipped, checked against its schema and against the pins. Raises Unsafe."""
    to.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(shipped), "--pyproject", "pyproject.toml"]
    command += ["--output-reproducible", "--of", "JSON", "--validate", "-o", str(to)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unsafe(f"the SBOM was not made: {done.stderr.strip()}")
    components = json.loads(to.read_text(encoding="utf-8"))["components"]
    listed = {_plain(each["name"]): each["version"] for each in components}
    if listed != pinned(shipped.read_text(encoding="utf-8")):
        raise Unsafe("the SBOM lists other packages than are shipped")
    if bare := [each["name"] for each in components if not _hashes(each)]:
        raise Unsafe(f"without hashes: {', '.join(bare)}")
    return f"SBOM: {len(components)} packages in {to}"


def _hashes(component: dict[str, Any]) -> list[Any]:
    return [found for each in component.get("externalReferences", ()) for found in each.get("hashes", ())]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """0 if nothing unsafe was found; 1 otherwise."""
    try:
        print(write_sbom(SHIPPED, SBOM))
        print(audit(AUDITED, advisories=os.environ.get("ADVISORIES", "")))
    except Unsafe as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
