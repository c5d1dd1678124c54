"""Made-up people: the same every time, nobody real."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

_GIVEN = ("Ash", "Bea", "Cam", "Dee", "Eli", "Fern", "Gus", "Hal", "Ida", "Jude", "Kit", "Lou", "Max", "Nell", "Oz")
_FAMILY = ("Marlow", "Penrose", "Quill", "Rudd", "Sorrel", "Tarn", "Umber", "Vale", "Wick", "Yarrow", "Brook", "Croft")
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


@dataclass(frozen=True)
class MadeUp:
    """One made-up person and the release date their prison first pushes."""

    prison_number: str
    crn: str
    given: str
    family: str
    date_of_birth: date
    release_on: date

    @property
    def reference(self) -> str:
        return f"noms:{self.prison_number}"

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


def made_up_people(count: int, *, today: date, seed: int = 2026) -> list[MadeUp]:
    """`count` people who are released between three weeks and half a year from today."""
    dice = random.Random(seed)  # noqa: S311
    people = []
    for number in range(count):
        suffix = _LETTERS[number // 23 % 23] + _LETTERS[number % 23]
        people.append(
            MadeUp(
                prison_number=f"A{1000 + number:04d}{suffix}",
                crn=f"X{300000 + number:06d}",
                given=_GIVEN[number % len(_GIVEN)],
                family=_FAMILY[number // len(_GIVEN) % len(_FAMILY)],
                date_of_birth=date(1970, 1, 1) + timedelta(days=dice.randrange(12_000)),
                release_on=today + timedelta(days=dice.randrange(21, 180)),
            )
        )
    return people
