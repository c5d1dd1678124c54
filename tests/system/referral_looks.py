"""What every agency can see of the walk's referrals, held to the model and to the share log; nothing is changed by it.

Invariants of the architecture, by number: 1 nothing is visible without a permit in the log, and no answer tells what
its reader may not know; 2 what rested on a withdrawn consent is gone; 4 versions only go up; 5 what is not yours is
not there.
"""

import asyncio
import json
from collections import defaultdict
from datetime import datetime
from typing import Any

from chassis.ids import new_id
from tests.support.eventually import eventually
from tests.system.referral_model import AGENCIES, PRISON, SENDERS, SENDING, Referral
from tests.system.referral_walk import WORD, Walk, assert_not_allowed
from tests.system.world import POLICE

WORDS_OF_SENDER = {"reason", "needs", "urgency", "statutory"}
MEASURES = ("answer", "days-to-answer", "outcome")
NOT_YET = ("information", "submission", "closure")


async def look(walk: Walk) -> None:
    """Everything about the person of the last step, by everybody; when nothing is under way."""
    person = walk.touched
    entries = await walk.world.shares(walk.people[person])
    log_holds(walk, entries)
    await asyncio.gather(
        *(view_holds(walk, agency, person, entries) for agency in AGENCIES),
        *(feed_holds(walk, agency, person, entries) for agency in AGENCIES),
        *(lists_hold(walk, agency, person) for agency in AGENCIES),
        *(ends_hold(walk, it) for it in walk.model.of(person)),
        *(ledger_holds(walk, agency, person) for agency in SENDERS),
    )


def log_holds(walk: Walk, entries: list[dict[str, Any]]) -> None:
    """2: nothing was permitted on a consent after its withdrawal. 4: per recipient and subject versions only go up."""
    newest: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for entry in entries:
        at = walk.withdrawn.get(entry["consent_id"] or "")
        if entry["decision"] == "permitted" and at is not None:
            assert datetime.fromisoformat(entry["decided_at"]) <= at, f"permitted on a withdrawn consent: {entry}"
        subject = (entry["recipient"], entry["category"], entry["subject_ref"])
        if entry["decision"] == "permitted":
            assert entry["version"] >= newest[subject], f"an older version came after a newer one: {entry}"
            newest[subject] = entry["version"]


def standing(entries: list[dict[str, Any]], agency: str) -> dict[str, dict[str, Any]]:
    """What the agency may see now by the log alone: the newest word on each subject, where it permits."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        if entry["recipient"] == agency:
            last[entry["category"], entry["subject_ref"]] = entry
    return {entry["share_id"]: entry for entry in last.values() if entry["decision"] == "permitted"}


async def view_holds(walk: Walk, agency: str, person: int, entries: list[dict[str, Any]]) -> None:
    """1: the view is what the log permits, no more and no less. The release is there for whom the model says."""
    answer = await walk.call(agency, "GET", walk.people[person].path)
    search(walk, agency, answer.body.decode(), past=False)
    view = answer.json() if answer.ok else {}
    permits = standing(entries, agency)
    shown = {section["share_id"]: section for section in sections(view) if "share_id" in section}
    assert set(shown) == set(permits), f"{agency} sees {set(shown)}, the log says {set(permits)}"
    for share_id, section in shown.items():
        permit = permits[share_id]
        assert (section["clause"], section["source"]["agency"]) == (permit["clause"], permit["source"])
        assert permit["consent_id"] not in walk.withdrawn, f"{agency} still sees what rested on a withdrawn consent"
    walk.counted.shown += len(shown)
    release = view.get("release", {}).get("content", {}).get("release_date")
    knows = agency in SENDERS or walk.model.knows_release(agency, person)
    assert release == (walk.dates[person].isoformat() if knows else None), (agency, release, knows)


def sections(view: dict[str, Any]) -> list[dict[str, Any]]:
    """Every section of a view, those of lists and those beside the first too."""
    found: list[dict[str, Any]] = []
    for each in view.values():
        for section in each if isinstance(each, list) else [each]:
            if isinstance(section, dict):
                found += [section, *section.get("others", ())]
    return found


async def feed_holds(walk: Walk, agency: str, person: int, entries: list[dict[str, Any]]) -> None:
    """1 and 2: each item has its permit; what rested on a withdrawn consent is blank."""
    items, _ = await walk.world.desk(agency).feed(walk.after[agency])
    search(walk, agency, json.dumps(items), past=True)
    permits = {entry["share_id"]: entry for entry in entries if entry["decision"] == "permitted"}
    for item in items:
        if item["person_id"] != walk.people[person].id or item["type"] == "withdrawn":
            continue
        permit = permits[item["share_id"]]
        assert permit["recipient"] == agency
        if permit["consent_id"] in walk.withdrawn:
            assert item["content"] is None, f"the feed of {agency} keeps what rested on a withdrawn consent"


async def ledger_holds(walk: Walk, agency: str, person: int) -> None:
    """1: a sender is told who got what because of a referral of its own, and by no order but its own."""
    answer = await walk.call(agency, "GET", f"{walk.people[person].path}/disclosures?limit=500")
    search(walk, agency, answer.body.decode(), past=False)
    for line in answer.json()["items"]:
        if line["direction"] == "disclosed" and line.get("clause") in ("4.1", "4.2"):
            own = [it for it in walk.model.of(person) if (it.sender, it.receiver) == (agency, line["agency"])]
            mine = any(it.ordered or line["clause"] == "4.1" for it in own)
            assert mine or line["state"] == "refused", f"{agency} is told of a referral that is not its own: {line}"


async def lists_hold(walk: Walk, agency: str, person: int) -> None:
    """5: the agency's own referrals and no others, each in the state that it may know, however it asks."""
    mine: dict[str, str] = {}
    for it in walk.model.of(person):
        if agency == it.sender:
            mine[it.id] = it.sent.state
        elif agency == it.receiver and it.received:
            mine[it.id] = it.had.state
    direction = "sent" if agency in SENDERS else "received"
    path = f"/referrals?direction={direction}&limit=500&person_id={walk.people[person].id}"
    hidden = {it.had.state for it in walk.model.of(person)} if agency in SENDERS else set()
    for asked in ("", *(f"&state={state}" for state in sorted(hidden - set(mine.values())))):
        answer = await walk.call(agency, "GET", path + asked)
        search(walk, agency, answer.body.decode(), past=False)
        found = {each["referral_id"]: each["state"] for each in answer.json()["items"]}
        assert found == ({} if asked else mine), (agency, asked, found, mine)


async def ends_hold(walk: Walk, it: Referral) -> None:
    """Both ends see what is theirs; to everybody else it is as if it were not."""
    await sender_holds(walk, it)
    answer = await walk.call(it.receiver, "GET", f"/referrals/{it.id}")
    strangers = [each for each in (*AGENCIES, POLICE) if each not in (it.sender, it.receiver)]
    if it.received:
        found = answer.json()
        search(walk, it.receiver, answer.body.decode(), past=False)
        assert (answer.status, found["state"]) == (200, it.had.state), (found, it)
        assert (set(found) >= WORDS_OF_SENDER) is walk.model.reads(it), (found, it)
        goes_up(walk, it.receiver, it, found, answer.headers["etag"])
    else:
        strangers.append(it.receiver)
    for stranger in strangers if (it.id, it.sent.state) not in walk.tried else ():
        there, nowhere = [await walk.call(stranger, "GET", f"/referrals/{each}") for each in (it.id, new_id())]
        assert (there.status, there.body) == (404, nowhere.body)
    walk.tried.add((it.id, it.sent.state))


async def gone(walk: Walk, person: int) -> None:
    """2: waits until no view holds what rested on a consent, whatever else is still under way."""

    async def hidden() -> bool:
        for agency in AGENCIES:
            answer = await walk.call(agency, "GET", walk.people[person].path)
            bases = [section["basis"] for section in sections(answer.json() if answer.ok else {}) if "basis" in section]
            assert "consent" not in bases, f"{agency} still sees what rested on consent"
        return True

    await eventually(hidden, within=30)


async def sender_holds(walk: Walk, it: Referral) -> None:
    answer = await walk.call(it.sender, "GET", f"/referrals/{it.id}")
    search(walk, it.sender, answer.body.decode(), past=False)
    found = answer.json()
    assert (answer.status, found["state"]) == (200, it.sent.state), (found, it)
    allowed = {action for action, (states, _) in SENDING.items() if it.sent.state in states}
    assert set(found["allowed_actions"]) & set(SENDING) == allowed
    told = it.answer if walk.model.hears(it) else {}
    assert found.get("reason_code") == (it.own_reason or told.get("reason_code")), (found, it)
    assert found.get("appointment_at") == told.get("appointment_at"), (found, it)
    assert [line["to_state"] for line in found["history"]][-1] == it.sent.state
    goes_up(walk, it.sender, it, found, answer.headers["etag"])


def goes_up(walk: Walk, agency: str, it: Referral, found: dict[str, Any], etag: str) -> None:
    """4: an end's own version, which is its ETag, never goes down."""
    assert etag == f'"{found["version"]}"'
    assert found["version"] >= walk.versions.get((agency, it.id), 0)
    walk.versions[agency, it.id] = found["version"]


async def probe(walk: Walk, it: Referral) -> list[tuple[int, str]]:
    """What conflicts tell the sender: 412 for a version that is not its own, 409 by its own state."""
    state, own = it.sent.state, walk.versions[it.sender, it.id]
    action = next(each for each in NOT_YET if state not in SENDING[each][0])
    body: Any = {"information": {"answer": "x"}, "closure": {"reason_code": "NEE"}}.get(action)
    said = []
    for version in (0, own + 1, own + 2):
        refused = await walk.act(it.sender, it, "withdrawal", {"reason_code": "NEE"}, f'"{version}"')
        assert refused.status == 412, (version, own, refused.status)
        said.append((refused.status, refused.body.decode()))
    for etag in (f'"{own}"', "*"):
        refused = await walk.act(it.sender, it, action, body, etag)
        assert_not_allowed(refused, state, action)
        said.append((refused.status, refused.body.decode()))
    return said


async def picture(walk: Walk, agency: str, it: Referral) -> dict[str, Any]:
    """What an agency can look at around this referral; of the sender everything, conflicts and ledgers included.

    The feed comes first, since reading it is noted."""
    person = walk.people[it.person]
    about = f"limit=500&person_id={person.id}"
    paths = [f"/feed?limit=500&after={walk.after[agency]}", person.path, f"/referrals?direction=sent&{about}"]
    paths.append(f"/referrals?direction=received&{about}")
    if agency == it.sender:
        paths += [
            f"/referrals/{it.id}",
            f"/referrals?direction=sent&overdue=false&need=mental-health&{about}",
            f"/unaccepted?{about}",
            f"{person.path}/disclosures?limit=500",
            *(f"/monitoring?by={measure}" for measure in MEASURES),
        ]
    if agency == it.sender == PRISON:
        paths += ["/releases/unanswered?limit=500", "/releases?need=mental-health&limit=500"]
        paths.append(f"/releases/{walk.release_ids[it.person]}/deliveries")
    seen: dict[str, Any] = {}
    for path in paths:
        answer = await walk.call(agency, "GET", path)
        seen[path] = (answer.status, answer.headers.get("etag"), answer.body.decode())
    if agency == it.sender:
        seen["conflicts"] = await probe(walk, it)
    return seen


async def pictures(walk: Walk, it: Referral) -> dict[str, dict[str, Any]]:
    """Of everybody who is not to notice what the receiver does now: a sender who may not hear is one of them."""
    aware = (it.receiver, it.sender) if walk.model.hears(it) else (it.receiver,)
    unaware = [each for each in AGENCIES if each not in aware]
    return dict(zip(unaware, await asyncio.gather(*(picture(walk, each, it) for each in unaware)), strict=True))


async def unchanged(walk: Walk, it: Referral, before: dict[str, dict[str, Any]], what: str) -> None:
    """What those saw is what they see now."""
    after = await pictures(walk, it)
    walk.counted.silent += it.sender in before
    for agency, seen in before.items():
        for path, was in seen.items():
            assert after[agency][path] == was, f"{what}, and {agency} sees it at {path}"


def search(walk: Walk, agency: str, text: str, *, past: bool) -> None:
    """1: nobody is answered a word that is not theirs to read. Answers carry none: a receiver's words go nowhere."""
    for word in set(WORD.findall(text)) & set(walk.words):
        author, about = walk.words[word]
        if author == agency:
            continue
        those = [it for it in walk.model.referrals if it.id in about and it.sender == author and it.receiver == agency]
        allowed = [it for it in those if it.received and (past or walk.model.reads(it))]
        assert allowed, f"{agency} is answered what {author} wrote in {about}"
