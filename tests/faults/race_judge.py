"""Judges a race that has settled, of people who withdrew and people who agreed last: by the log, by what was
acknowledged, by what views showed while it ran, and by what feeds and views hold after it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager

from tests.faults.checks import reconciled, verified
from tests.faults.conftest import Scene
from tests.faults.race_checks import (
    Entry,
    entries,
    mixed,
    permits_after_acknowledgement,
    permits_after_objection,
    verdicts,
    withdrawn_shares,
)
from tests.faults.race_consents import permits_after_withdrawal
from tests.faults.race_feeds import held, lacking, left_behind, traces, unheard_of
from tests.faults.races import ON_CONSENT, Races
from tests.faults.watching import Watch, told, watched
from tests.support.stack import RunningStack
from tests.system.world import CHARITY, DRUGS, PROBATION, Person

LEAST = 0.3
"""Of each verdict on consent, so that neither refusing nor permitting everything passes."""

Watches = Mapping[str, Watch]
"""By agency; the charity, which is never suspended, is who sees people come and go."""


@asynccontextmanager
async def views_watched(stack: RunningStack) -> AsyncIterator[Watches]:
    """The views of all who hear by consent alone, watched while the block runs."""
    async with watched(stack, CHARITY) as charity, watched(stack, DRUGS) as drugs:
        yield {CHARITY: charity, DRUGS: drugs}


async def judge(
    scene: Scene,
    races: Races,
    watches: Watches,
    people: list[Person],
    staying: list[Person],
    *,
    removed: Collection[str] = (),
) -> list[Entry]:
    """Returns the log. `removed` were merged into others: the last withdrawal was the others'."""
    log = await asyncio.to_thread(entries, scene.world.stack)
    assert races.emptied.keys() == {person.id for person in people} - set(removed)
    _nothing(permits_after_withdrawal(log))
    _nothing(permits_after_acknowledgement(log, races.withdrawals))
    _nothing(permits_after_objection(log, races.objections))
    _nothing(mixed(log))
    for person in people:
        assert await scene.world.release(CHARITY, person) is None
    await reconciled(scene.world)
    assert (await asyncio.to_thread(verified, scene.world.stack)).findings == ()
    await _feeds(scene, people, staying)
    _objected(races, log)
    print(f"\n{len(people)} and {len(staying)} persons, {dict(races.did)}")
    _views(races, watches, log)
    balanced(log, people)
    return log


def _nothing(found: Iterable[str]) -> None:
    """Fails with all that was found."""
    told = list(found)
    assert told == [], "\n".join(told)


def balanced(log: list[Entry], people: list[Person]) -> None:
    """Enough of each verdict on consent."""
    found: Counter[str] = verdicts(log, {person.id for person in people})
    print(f"on consent {dict(found)}")
    assert min(found["permitted"], found["refused"]) >= LEAST * found.total() > 0, dict(found)


async def _feeds(scene: Scene, people: list[Person], staying: list[Person]) -> None:
    """What feeds and views still hold. What stands on law goes on."""
    withdrawn, standing = await traces(scene.world, people), await traces(scene.world, staying)
    for agency in ON_CONSENT:
        holds = await held(scene.world, agency)
        assert list(left_behind(holds, withdrawn)) == []
        assert list(lacking(holds, standing)) == []
        assert agency != CHARITY or unheard_of(holds, withdrawn) == set()
    assert list(lacking(await held(scene.world, PROBATION), {**withdrawn, **standing})) == []


def _objected(races: Races, log: list[Entry]) -> None:
    """The objections of this race decided something: others, of races before it, are in the log too."""
    refused = {entry.person for entry in log if entry.leaf.get("reason") == "objection"}
    assert refused & {each.person for each in races.objections}, "no objection decided anything"


def _views(races: Races, watches: Watches, log: list[Entry]) -> None:
    """What views showed in the meantime: nothing that was hidden, and nothing for long."""
    charity = watches[CHARITY]
    came, went = charity.came_after(races.pushed), charity.went_after(races.emptied)
    print(f"views empty after {told(went)}, others there after {told(came)}; answered so after {told(races.answered)}")
    for agency, watch in watches.items():
        outstayed = watch.outstayed(withdrawn_shares(log, races.withdrawals))
        assert outstayed, f"{agency} was never shown anything that was withdrawn"
        print(
            f"{agency}: {len(outstayed)} shares gone after {told(outstayed)} in {watch.looks} looks, "
            f"at most {watch.longest_pause_s:.2f} s apart"
        )
        assert watch.denied == set(), f"the view of {agency} shows what the gateway was told to hide"
        assert watch.returned == set(), f"something came into the view of {agency} again"
        assert watch.late(went=went, outstayed=outstayed, came=came) is None
    assert charity.seen_again(races.emptied) == set(), "a view that was empty shows somebody again"
