"""The board: everything shown about the subjects at hand, and what each message changes on it.

Pure: a board is filled with what is stored about the touched subjects, the messages of a batch are applied in order,
and the operation writes back what `changes` holds. Whatever the order in which the two topics came, the view is as if a
fresh board had seen it all (tests/unit/gateway/test_board.py).

Rules: versions of a subject never go down for a recipient; a denied share is born hidden; an ending hides by share id
and never touches a newer share; what was blanked is not "shown before".
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from contracts.codes import Effect
from gateway.domain.bodies import blanked
from gateway.domain.shares import Item, ItemKind, LedgerLine, LedgerState, Visible

Subject = tuple[str, str, str]
"""Agency, category, subject_ref."""


@dataclass(slots=True)
class Changes:
    """What is to be written. `blanked` are stored items by (agency, cursor); new ones are in `items`, blank or not."""

    items: dict[tuple[str, int], Item] = field(default_factory=dict)
    blanked: set[tuple[str, int]] = field(default_factory=set)
    visible: dict[Subject, Visible | None] = field(default_factory=dict)
    ledger: dict[tuple[str, int], LedgerLine] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    """Shares whose ledger line is to say `withdrawn`."""
    outdated: set[str] = field(default_factory=set)
    """Shares whose ledger line no longer counts, because a newer decision took its place."""
    told: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    denied: dict[str, tuple[str, Effect]] = field(default_factory=dict)
    awake: set[str] = field(default_factory=set)
    """Agencies that have something new to read."""
    shares: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Board:
    """What stands, by share and by subject, and what has changed since it was filled."""

    items: dict[tuple[str, str, ItemKind], Item] = field(default_factory=dict)
    history: dict[Subject, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Cursors of the subject's share items, ascending."""
    by_cursor: dict[tuple[str, int], Item] = field(default_factory=dict)
    visible: dict[Subject, Visible] = field(default_factory=dict)
    denied: dict[str, Effect] = field(default_factory=dict)
    told: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    def fill(
        self,
        *,
        items: Iterable[Item] = (),
        visible: Iterable[tuple[Subject, Visible]] = (),
        denied: Iterable[tuple[str, Effect]] = (),
        told: Iterable[tuple[tuple[str, str, str, str], str]] = (),
    ) -> None:
        """Put on the board what is stored; nothing of it is a change. Items in order of their cursor."""
        for item in items:
            self._place(item)
        self.visible.update(visible)
        self.denied.update(denied)
        self.told.update(told)

    def share_item(self, agency: str, share_id: str) -> Item | None:
        """The item that carries this share in this agency's feed."""
        return self.items.get((agency, share_id, ItemKind.SHARE))

    def shown(self, subject: Subject) -> list[Item]:
        """The subject's share items, oldest first, blank ones too."""
        return [self.by_cursor[subject[0], cursor] for cursor in self.history.get(subject, ())]

    def add(self, item: Item) -> None:
        """A new item in an agency's feed."""
        self._place(item)
        self.changes.items[item.agency, item.cursor] = item
        self.changes.awake.add(item.agency)
        if item.kind is ItemKind.SHARE:
            self.changes.shares[item.agency] += 1
            self.changes.hidden[item.agency] += item.hidden

    def show(self, subject: Subject, visible: Visible) -> None:
        self.visible[subject] = visible
        self.changes.visible[subject] = visible

    def unshow(self, subject: Subject) -> None:
        if self.visible.pop(subject, None) is not None:
            self.changes.visible[subject] = None
            self.changes.awake.add(subject[0])

    def deny(self, agency: str, share_id: str, effect: Effect) -> None:
        """Hide a share now, or at its birth. `withdraw` beats `end`, whichever came first."""
        if self.denied.get(share_id) is not Effect.WITHDRAW:
            self.denied[share_id] = effect
            self.changes.denied[share_id] = (agency, effect)
        item = self.share_item(agency, share_id)
        if item is not None:
            self.hide(item, effect)

    def hide(self, item: Item, effect: Effect) -> None:
        """Take what this item carried out of the view and, on a withdrawal, out of the feed.

        A withdrawal also blanks the older versions of the subject that stood on the same basis: they say the same thing
        about the same person.
        """
        subject = (item.agency, item.category, item.subject_ref)
        now = self.visible.get(subject)
        if now is not None and now.share_id == item.share_id:
            self.unshow(subject)
        if effect is Effect.WITHDRAW:
            for each in (*self.older_than(item), item):
                self._blank(each)

    def older_than(self, item: Item) -> list[Item]:
        """The older items of its subject that a withdrawal of this one blanks with it."""
        shown = self.shown((item.agency, item.category, item.subject_ref))
        return [each for each in shown if each.cursor < item.cursor and each.basis == item.basis]

    def count(self, line: LedgerLine, recipient: str) -> None:
        """A new line of a source's ledger; it takes the place of the last one about this subject and recipient."""
        key = (line.agency, line.category, line.subject_ref, recipient)
        before = self.told.get(key)
        if before is not None and before != line.share_id:
            self.changes.outdated.add(before)
        self.told[key] = self.changes.told[key] = line.share_id
        self.changes.ledger[line.agency, line.cursor] = line

    def mark_withdrawn(self, share_id: str) -> None:
        """Say `withdrawn` in the ledger of whoever gave this share."""
        self.changes.withdrawn.add(share_id)
        for key, line in self.changes.ledger.items():
            if line.share_id == share_id:
                self.changes.ledger[key] = replace(line, state=LedgerState.WITHDRAWN)

    def _place(self, item: Item) -> None:
        self.items[item.agency, item.share_id, item.kind] = item
        if item.kind is ItemKind.SHARE:
            if (item.agency, item.cursor) not in self.by_cursor:
                self.history[item.agency, item.category, item.subject_ref].append(item.cursor)
            self.by_cursor[item.agency, item.cursor] = item

    def _blank(self, item: Item) -> None:
        if item.hidden:
            return
        blank = replace(item, hidden=True, release_date=None, body=blanked(item.body) if item.body else None)
        self._place(blank)
        key = (item.agency, item.cursor)
        if key in self.changes.items:
            self.changes.items[key] = blank
        else:
            self.changes.blanked.add(key)
        self.changes.hidden[item.agency] += 1
        self.changes.awake.add(item.agency)
