"""Published data that nobody here made up, beside the checkout; tests that use it skip where it is missing."""

from pathlib import Path

from tests.support.missing import missing

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


def published(name: str) -> Path:
    """The file, or a skipped test; in CI a missing file fails."""
    path = _FOLDER / name
    if not path.is_file():
        missing(f"the published file {name} is not beside this checkout")
    return path
