"""A step of the walk: a deed, and then what everybody makes of it."""

from tests.isolation.looks import audit, errands, look, picture, strange
from tests.isolation.referral_steps import REFERRAL_STEPS
from tests.isolation.steps import PERSON_STEPS
from tests.isolation.walk import Walk

STEPS = PERSON_STEPS | REFERRAL_STEPS


async def step(walk: Walk, name: str, agency: str, person: int, other: str) -> None:
    """One deed; then `other`, if it may not know the person, looks whether anything changed for it."""
    stranger = not walk.knowledge.knows_of(other, person)
    if stranger and other not in walk.pictures:
        walk.pictures[other] = await picture(walk, other)
    await STEPS[name](walk, agency, person, other)
    await walk.settle()
    if stranger and other in walk.pictures:
        now = await picture(walk, other)
        for path, was in walk.pictures[other].items():
            assert now[path] == was, f"{agency} does {name}, and {other} sees it at {path}"
    for each in {agency, other}:
        await look(walk, each)
        await strange(walk, each, person)
    for each in walk.ends - {agency, other}:
        await look(walk, each)
    walk.ends.clear()
    await errands(walk, agency)
    if walk.random.random() < 0.2:
        await audit(walk, person)
