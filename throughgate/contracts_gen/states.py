"""The pages of docs/states, from the tables that they show."""

from pathlib import PurePosixPath

from referral.domain.diagram import page, screening_page

FOLDER = PurePosixPath("docs/states")


def state_files() -> dict[PurePosixPath, bytes]:
    """Every page, by its path in the repository."""
    return {FOLDER / "referral.md": page().encode(), FOLDER / "screening.md": screening_page().encode()}
