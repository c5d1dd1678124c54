"""What agencies look at between the steps of a walk, and what they must find there."""

from typing import Any

import httpx2

from chassis.ids import new_id
from tests.isolation.agencies import AUDITOR, KINDS
from tests.isolation.answers import IDS, nobody, tried
from tests.isolation.calls import BODIES, ERRANDS, FEED, LISTS, PAGE, QUESTIONS, Route, filled
from tests.isolation.shares import in_feed, in_view
from tests.isolation.walk import Walk

SAMPLE = 6
"""How many of its routes a stranger tries after a step, at each about somebody and about nobody."""
WHOEVER_HAS_THE_NUMBER = {("PUT", "/people/{person}"), ("PUT", "/people/{person}/involvement")}
"""Registering and claiming are open; they are steps of the walk."""
ENDLESS = ("GET", "/feed/stream")
NONSENSE = "bm90aGluZw.AAAA"


async def picture(walk: Walk, agency: str) -> dict[str, Any]:
    """All that an agency can look at without naming anybody, lists to their end, its feed since the walk began."""
    seen: dict[str, Any] = {}
    there = {route.path for route in walk.counted.routes(walk.pipe, KINDS[agency]) if route.method == "GET"}
    for path in LISTS:
        if path.partition("?")[0] in there:
            pages = await _pages(walk, agency, path)
            seen[path] = [(page.status_code, page.headers.get("etag"), page.text) for page in pages]
    return seen


async def look(walk: Walk, agency: str) -> None:
    """Everything about every person, by id and by number; then the feed, and on from another's cursor."""
    for person in range(len(walk.noms)):
        found = walk.id_of(person)
        if found is None:
            continue
        for path in (f"/people/{found}", f"{walk.path(person)}/disclosures", f"/people/{found}/consents"):
            answer = await walk.call(agency, "GET", path)
            if not walk.knowledge.knows_of(agency, person):
                assert (answer.status_code, answer.json()["code"]) == (404, "person-unknown"), path
                assert "etag" not in answer.headers
            elif answer.is_success and path == f"/people/{found}":
                walk.judge(agency, path, in_view(answer.json()), past=False)
            elif answer.is_success and path.endswith("/disclosures"):
                lines = [each for each in answer.json()["items"] if each["direction"] == "disclosed"]
                _ensure_nameable(walk, agency, person, lines)
        if found_release := walk.releases.get(person):
            await _read_ledger(walk, agency, person, found_release)
    await _read_feed(walk, agency)
    await _steal(walk, agency)
    await _read_own(walk, agency)


async def strange(walk: Walk, agency: str, person: int) -> None:
    """A few of all the routes at which the agency may know nothing: the same is told as of nobody, to the letter."""
    routes = walk.counted.routes(walk.pipe, KINDS[agency])
    open_to_it = [route for route in routes if _is_strange(walk, agency, person, route)]
    for route in walk.some(agency, open_to_it, SAMPLE):
        real, none = _names(walk, agency, person), nobody()
        if walk.random.random() < 0.5:
            real["person"], none["person"] = f"noms:{real['noms']}", f"noms:{none['noms']}"
        told = []
        for names in (real, none):
            told.append(await tried(walk.pipe, agency, KINDS[agency], route, names))
            walk.note(agency, route.method, filled(route.path, names))
            walk.counted.strange += 1
        assert told[0] == told[1], f"{route.method} {route.path} tells {agency} of person {person}"
        assert told[0][0] < 500, told[0]


async def errands(walk: Walk, agency: str, count: int = 4) -> None:
    """Routes about no person, and those of the auditor."""
    routes = walk.counted.routes(walk.pipe, KINDS[agency])
    about_nobody = [route for route in routes if not route.names_something and (route.method, route.path) != ENDLESS]
    for route in walk.some(agency, about_nobody, count):
        names = {"set": "date-types", "service_id": f"day-centre-{agency}"}
        path = filled(route.path, names) + QUESTIONS.get(route.path, "")
        await walk.call(agency, route.method, path, ERRANDS.get((route.method, route.path)))
    walk.pictures.pop(agency, None)


async def audit(walk: Walk, person: int) -> None:
    """The auditor reads who shared what with whom, and never what it was."""
    await errands(walk, AUDITOR, 3)
    found = walk.id_of(person) or new_id()
    page = await walk.call(AUDITOR, "GET", f"/shares?person_id={found}")
    assert page.status_code == 200, page.text
    await walk.call(AUDITOR, "GET", f"/people/{found}/disclosures")
    await walk.call(AUDITOR, "POST", "/people/lookup", {"identifier": {"scheme": "noms", "value": walk.noms[person]}})
    shares = [each["share_id"] for each in page.json()["items"]] or [new_id()]
    share = walk.random.choice(shares)
    for rest in ("", "/explanation"):
        await walk.call(AUDITOR, "GET", f"/shares/{share}{rest}")
    reviews = [each["share_id"] for each in (await walk.call(AUDITOR, "GET", "/reviews?limit=500")).json()["items"]]
    here = [each for each in reviews if each in shares] or [new_id()]
    await walk.call(AUDITOR, "POST", f"/reviews/{here[0]}", BODIES["POST", "/reviews/{share_id}"], member="ada")


def _is_strange(walk: Walk, agency: str, person: int, route: Route) -> bool:
    if not route.names_something or (route.method, route.path) in WHOEVER_HAS_THE_NUMBER:
        return False
    if "{referral_id}" in route.path:
        return any(walk.may_not_have(agency, each) for each in walk.knowledge.referrals) or not walk.knowledge.referrals
    return not walk.knowledge.knows_of(agency, person)


def _names(walk: Walk, agency: str, person: int) -> dict[str, str]:
    """What there is of this person, and a referral that is nothing to the agency."""
    names = {name: new_id() for name in IDS} | {"date_type": "CRD", "agency": "police-north", "noms": walk.noms[person]}
    found = {
        "person": walk.id_of(person),
        "release_id": walk.releases.get(person),
        "consent_id": walk.consents.get(person),
    }
    names |= {name: value for name, value in found.items() if value}
    for screening, (_, _, whom) in walk.knowledge.asked.items():
        if whom == person:
            names["screening_id"] = screening
    strange_to_it = [each for each in walk.knowledge.referrals if walk.may_not_have(agency, each)]
    if strange_to_it:
        referral = walk.random.choice(strange_to_it)
        names["referral_id"] = referral.id
        if referral.appointments:
            _, names["appointment_id"] = referral.appointments[-1]
    return names


async def _read_ledger(walk: Walk, agency: str, person: int, release: str) -> None:
    """Of whom the clause does not let it know the source is told a number."""
    if KINDS[agency] != "prison":
        return
    answer = await walk.call(agency, "GET", f"/releases/{release}/deliveries")
    if answer.is_success:
        assert walk.knowledge.knows_of(agency, person)
        _ensure_nameable(walk, agency, person, answer.json()["items"])


def _ensure_nameable(walk: Walk, source: str, person: int, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        may = walk.knowledge.may_name(source, line["agency"], person, line["category"])
        assert may, f"{source} is told of {line} of person {person}"
        walk.counted.named += 1


async def _read_feed(walk: Walk, agency: str) -> None:
    """From where the walk began to the end; whatever page one asks for, the same items come and none is left out."""
    items: list[str] = []
    for page in await _pages(walk, agency, FEED):
        items += [each["cursor"] for each in page.json()["items"]]
        walk.judge(agency, "/feed", in_feed(page.json()), past=True)
        walk.counted.feeds[agency] = walk.cursors[agency] = page.json()["next"]
    if items and walk.random.random() < 0.3:
        place = walk.random.randrange(len(items))
        page = await walk.call(agency, "GET", f"/feed?limit=2&after={items[place]}")
        assert [each["cursor"] for each in page.json()["items"]] == items[place + 1 : place + 3]


async def _pages(walk: Walk, agency: str, path: str) -> list[httpx2.Response]:
    """What is answered there, page after page; a feed always leads on, and is at its end where a page is not full."""
    onward, after = ("after", walk.starts.get(agency)) if path == FEED else ("cursor", None)
    pages: list[httpx2.Response] = []
    while True:
        pages.append(await walk.call(agency, "GET", path + (f"&{onward}={after}" if after else "")))
        said = pages[-1].json() if pages[-1].is_success else {}
        after = said.get("next")
        if after is None or len(said["items"]) < PAGE:
            return pages


async def _steal(walk: Walk, agency: str) -> None:
    """Another agency's cursor is worth as much as nonsense, wherever it is carried."""
    others = [cursor for whose, cursor in walk.cursors.items() if whose != agency]
    if not others:
        return
    cursor = walk.random.choice(others)
    for path in ("/feed?after={}", "/feed/stream?after={}", "/people?cursor={}", "/referrals?cursor={}"):
        stolen = await walk.call(agency, "GET", path.format(cursor))
        wrong = await walk.call(agency, "GET", path.format(NONSENSE))
        assert stolen.status_code in (400, 422)
        assert (stolen.status_code, stolen.text) == (wrong.status_code, wrong.text), path


async def _read_own(walk: Walk, agency: str) -> None:
    """A few of the reads that are open to it about those whom it knows."""
    whom = [
        person for person in range(len(walk.noms)) if walk.exists(person) and walk.knowledge.knows_of(agency, person)
    ]
    routes = walk.counted.routes(walk.pipe, KINDS[agency])
    reads = [route for route in routes if route.method == "GET" and route.names_something]
    for route in walk.some(agency, reads, 3) if whom else ():
        names = _names(walk, agency, walk.random.choice(whom))
        mine = [each.id for each in walk.knowledge.referrals if walk.knowledge.has(agency, each)]
        if mine:
            names["referral_id"] = walk.random.choice(mine)
        await walk.call(agency, "GET", filled(route.path, names))
