"""No permit on a consent that was withdrawn, by the log's order and by the numbers that consent took for one person's.

What consent did stands in the log in consent's own order. A merge does not: audit hears of it by itself, and may write
it down before consent has heard of it. What consent decided under which number says when consent knew.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.faults.race_checks import Entry


@dataclass(frozen=True)
class Merged:
    """Two numbers of one person. From the entry `decided` on consent took them for one; `quiet` is the last one that it
    decided under the removed number before `until`, where they were parted."""

    removed: str
    kept: str
    decided: int
    quiet: int
    until: int


def merged(log: Sequence[Entry]) -> Iterator[Merged]:
    """Consent decides so when it decides again, under the kept number and in the same version, what was decided under
    the other. Their second entry parts them."""
    shares: dict[str, list[Entry]] = defaultdict(list)
    entered: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in log:
        if entry.kind == "share":
            shares[entry.person].append(entry)
        elif entry.kind == "merge":
            entered[entry.detail["removed_id"], entry.person].append(entry.index)
    for (removed, kept), (first, *undone) in entered.items():
        until = min(undone, default=log[-1].index + 1)
        own = [share for share in shares[removed] if share.index < until]
        since = {_version(share): share.index for share in reversed(own)}
        again = [share.index for share in shares[kept] if since.get(_version(share), until) < share.index]
        yield Merged(removed, kept, min([until, *again]), max([first, *(share.index for share in own)]), until)


def _version(share: Entry) -> tuple[str, int]:
    return share.detail["subject_ref"], share.leaf["version"]


def permits_after_withdrawal(log: Sequence[Entry]) -> Iterator[str]:
    """Permits on a consent that an earlier entry of the log withdrew: under its own number, or under another one when
    the two were one person's. Once consent decides so, what was withdrawn before under either counts for both."""
    merges = list(merged(log))
    given: dict[str, Entry] = {}
    dead: dict[str, Entry] = {}
    last: dict[str, Entry] = {}
    for entry in log:
        consent, mine = entry.detail.get("consent_id") or "", [each for each in merges if each.kept == entry.person]
        if entry.kind == "consent":
            given[consent] = entry
        elif entry.kind == "withdrawal" and consent:
            dead.setdefault(consent, entry)
        elif entry.kind == "withdrawal":
            of = {each.removed for each in mine if min(each.decided, each.quiet) < entry.index < each.until}
            dead = {each: entry for each, to in given.items() if to.person in of | {entry.person}} | dead
            last[entry.person] = entry
        elif entry.kind == "share" and entry.leaf["decision"] == "permitted" and consent in given:
            of = {each.removed for each in mine if each.decided <= entry.index < each.until} | {entry.person}
            later = (last[each] for each in of & last.keys() if _beats(last[each], given[consent]))
            if by := dead.get(consent) or next(later, None):
                yield f"entry {entry.index} permits on a consent that entry {by.index} withdrew"


def _beats(withdrawal: Entry, consent: Entry) -> bool:
    """Whether a withdrawal under another number came later: by their instants, which each number's own clock gave, and
    which are what counts once the two are one."""
    return withdrawal.person != consent.person and withdrawal.decided_at >= consent.decided_at
