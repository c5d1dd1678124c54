"""A deliberate breakage, and the suite that must go red for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is broken, where, and who must notice. A `cheap` one is tried in every run of CI.

    `suite` is pytest places, then options; one test is named by its node id rather than by `-k`, so that the suites of
    many can run together over a tree in which nothing is broken.
    """

    name: str
    file: str
    old: str
    new: str
    suite: tuple[str, ...]
    cheap: bool = False
    environment: tuple[tuple[str, str], ...] = ()
