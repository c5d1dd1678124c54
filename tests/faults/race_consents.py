"""No permit on a consent that was withdrawn, by the log's order and by the numbers that consent took for one person's.

What consent did stands in the log in consent's own order. A merge does not: audit hears of it by itself, and may write
it down before consent has heard of it. What consent decided under which number says when consent knew.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.faults.race_checks import Entry


@dataclass(frozen=True)
class Merged:
    """Two numbers of one person, in fact `since` that instant. From the entry `decided` on consent took them for one;
    after `quiet`, which may come before that, it decided nothing more about the removed one until they were parted."""

    removed: str
    kept: str
    since: datetime
    quiet: int
    decided: int
    until: int


def merged(log: Sequence[Entry]) -> Iterator[Merged]:
    """Consent decides so when it decides again, under the kept number and in the same version, what was decided under
    the other. Their second entry parts them."""
    shares: dict[str, list[Entry]] = defaultdict(list)
    entered: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in log:
        if entry.kind == "share":
            shares[entry.person].append(entry)
        elif entry.kind == "merge":
            entered[entry.detail["removed_id"], entry.person].append(entry)
    for (removed, kept), (first, *undone) in entered.items():
        until = undone[0].index if undone else log[-1].index + 1
        own = [share for share in shares[removed] if share.index < until]
        since = {_version(share): share.index for share in reversed(own)}
        again = [share.index for share in shares[kept] if since.get(_version(share), until) < share.index]
        decided = min([until, *again])
        quiet = min(decided, max(each.index for each in [first, *own]))
        yield Merged(removed, kept, first.decided_at, quiet, decided, until)


def _version(share: Entry) -> tuple[str, int]:
    return share.detail["subject_ref"], share.leaf["version"]


def permits_after_withdrawal(log: Sequence[Entry]) -> Iterator[str]:
    """Permits on a consent that an earlier entry of the log withdrew: under its own number, or under another one when
    the two were one person's. Once consent decides so, what was withdrawn before under either counts for both; once
    they are parted, so does what was withdrawn under the kept one while they were one in fact."""
    merges = list(merged(log))
    given: dict[str, Entry] = {}
    dead: dict[str, Entry] = {}
    last: dict[str, Entry] = {}
    for entry in log:
        consent = entry.detail.get("consent_id") or ""
        parts = [each for each in merges if each.kept == entry.person and each.quiet <= entry.index < each.until]
        if entry.kind == "consent":
            given[consent] = entry
        elif entry.kind == "withdrawal" and consent:
            dead.setdefault(consent, entry)
        elif entry.kind == "withdrawal":
            one = {entry.person, *(each.removed for each in parts)}
            dead = {each: entry for each, to in given.items() if to.person in one and _beats(entry, to)} | dead
            last[entry.person] = entry
        elif entry.kind == "merge":
            ended = {each.removed for each in merges if each.until == entry.index and _held(each, last)}
            by_kept = {each: last[entry.person] for each, to in given.items() if to.person in ended}
            dead = {each: by for each, by in by_kept.items() if _beats(by, given[each])} | dead
        elif entry.kind == "share" and entry.leaf["decision"] == "permitted":
            one = {entry.person, *(each.removed for each in parts if each.decided <= entry.index)}
            beat = (last[each] for each in one & last.keys() if consent in given and _beats(last[each], given[consent]))
            if by := dead.get(consent) or next(beat, None):
                yield f"entry {entry.index} permits on a consent that entry {by.index} withdrew"


def _held(merge: Merged, last: Mapping[str, Entry]) -> bool:
    """Whether everything was withdrawn under the kept number while the two were one."""
    return merge.kept in last and last[merge.kept].decided_at >= merge.since


def _beats(withdrawal: Entry, consent: Entry) -> bool:
    """Whether a withdrawal came after what was agreed to: under one number by their order, under two by their instants,
    which each number's own clock gave, and which are what counts once the two are one."""
    if withdrawal.person == consent.person:
        return withdrawal.index > consent.index
    return withdrawal.decided_at >= consent.decided_at
