"""What ends, is withdrawn or is denied: gone from the view, blanked in the feed, and said to have been."""

import pytest

from contracts.codes import Basis, Effect
from gateway.domain.projection import apply, apply_denial
from gateway.domain.shares import (
    ItemKind,
)
from tests.support.boards import SUBJECT, body, denial, play, refused, share


def test_a_withdrawal_blanks_in_place_and_says_so_in_a_new_item() -> None:
    board = play(share(0), refused(1, ends="s0", effect=Effect.WITHDRAW))
    item = body(board, "s0")
    assert item["content"] is None
    assert item["withdrawn"] is True
    assert item["receipt"]["index"] == 0
    told = body(board, "s1", ItemKind.WITHDRAWN)
    assert (told["type"], told["withdraws"]) == ("withdrawn", item["item_id"])
    assert not board.visible


def test_a_withdrawal_blanks_older_versions_on_the_same_basis_and_none_on_another() -> None:
    board = play(
        share(0, 1, basis=Basis.STATUTORY),
        share(1, 2, basis=Basis.CONSENT),
        share(2, 3, basis=Basis.CONSENT),
        refused(3, 3, ends="s2", effect=Effect.WITHDRAW),
    )
    assert [board.items["probation-north", f"s{n}", ItemKind.SHARE].hidden for n in range(3)] == [False, True, True]
    told = body(board, "s3", ItemKind.WITHDRAWN)
    assert (told["withdraws"], told["also_withdrawn"]) == ("s2", ["s1"])


def test_a_permit_that_takes_anothers_place_says_in_its_own_item_what_it_withdraws() -> None:
    board = play(share(0), share(1, ends="s0", effect=Effect.WITHDRAW))
    assert body(board, "s0")["withdrawn"] is True
    assert body(board, "s1")["withdraws"] == "s0"
    assert body(board, "s1")["content"] == {"release_date": "2026-12-01"}
    assert ("probation-north", "s1", ItemKind.WITHDRAWN) not in board.items, "an entry has one place in a feed"
    assert board.visible[SUBJECT].share_id == "s1"


def test_an_end_empties_the_view_and_leaves_what_was_received() -> None:
    board = play(share(0), refused(1, ends="s0", effect=Effect.END))
    assert not board.visible
    assert body(board, "s0")["content"] == {"release_date": "2026-12-01"}
    assert len(board.items) == 1


@pytest.mark.parametrize("effect", list(Effect))
def test_a_share_whose_denial_came_first_is_born_hidden(effect: Effect) -> None:
    board = play(denial("s0", effect), share(0))
    assert body(board, "s0")["content"] is None
    assert not board.visible


@pytest.mark.parametrize("shown", [0, 1])
def test_a_denial_of_what_is_still_in_the_pipe_hides_the_older_version_too(shown: int) -> None:
    """Nothing of it is in the view at any time after the denial, however many of its versions had come before."""
    board = play(*(share(n, n + 1) for n in range(shown)))
    apply_denial(board, denial("s1", Effect.WITHDRAW))
    apply_denial(board, denial("s0", Effect.WITHDRAW))
    assert not board.visible
    for number in range(shown, 2):
        apply(board, share(number, number + 1))
        assert not board.visible
    assert [board.items["probation-north", f"s{n}", ItemKind.SHARE].hidden for n in range(2)] == [True, True]


def test_an_ending_never_touches_a_newer_share() -> None:
    board = play(share(0, 1), share(1, 2, "2026-12-09"), denial("s0", Effect.END))
    assert board.visible[SUBJECT].share_id == "s1"


def test_what_was_blanked_is_not_shown_before() -> None:
    board = play(share(0), refused(1, ends="s0", effect=Effect.WITHDRAW), share(2, 1, "2026-12-01"))
    assert body(board, "s2")["change"] == {"previous_date": None, "direction": "new"}
    assert board.visible[SUBJECT].share_id == "s2"


def test_a_share_that_was_never_shown_is_not_said_to_be_withdrawn() -> None:
    board = play(refused(1, ends="s0", effect=Effect.WITHDRAW))
    assert not board.items
