"""What a route depends on, all the way down: what FastAPI worked out once, walked once and remembered by the caller."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant


class ByIdentity:
    """Compares a dependant by identity, which is what lasts as long as its route: a key for caches."""

    def __init__(self, dependant: Dependant) -> None:
        self.dependant = dependant

    def __hash__(self) -> int:
        return id(self.dependant)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByIdentity) and other.dependant is self.dependant

    def __iter__(self) -> Iterator[Dependant]:
        """The dependant and everything that it depends on."""
        pending = [self.dependant]
        while pending:
            dependant = pending.pop()
            pending.extend(dependant.dependencies)
            yield dependant
