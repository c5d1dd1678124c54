"""Whether two agencies speak of one person: doubt goes to people and joins nobody."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from caseload.domain.identifiers import Identifier
from caseload.domain.identities import Identity, agree, tidy_name
from caseload.domain.matching import Doubt, Known, match
from contracts.codes import Scheme

BORN = date(1991, 4, 17)
OSWIN = Identity("Fenwright", "Oswin", BORN)
BRAM = Identity("Quillon", "Bram", date(1970, 1, 2))
NOMS, PNC = Identifier(Scheme.NOMS, "A1234AA"), Identifier(Scheme.PNC, "2012/0052494Q")
SECOND = Identifier(Scheme.NOMS, "B5678BB")


def test_two_of_three_are_enough_and_what_is_unknown_agrees() -> None:
    assert agree(OSWIN, Identity("FENWRIGHT ", "Öswin", BORN))
    assert agree(OSWIN, Identity("O'Malley", "Oswin", BORN))
    assert agree(OSWIN, Identity("Fenwright", "Oswin", date(1991, 7, 14)))
    assert agree(OSWIN, Identity())
    assert not agree(OSWIN, Identity("Fenwright", "Bram", date(1970, 1, 2)))
    assert not agree(OSWIN, BRAM)


identities = st.builds(
    Identity,
    st.sampled_from([None, "Fenwright", "Quillon"]),
    st.sampled_from([None, "Oswin", "Bram"]),
    st.sampled_from([None, BORN, date(1970, 1, 2)]),
)


@given(identities, identities)
def test_agreement_goes_both_ways_and_with_oneself(one: Identity, other: Identity) -> None:
    assert agree(one, other) == agree(other, one)
    assert agree(one, one)


def test_names_are_kept_composed_and_single_spaced() -> None:
    assert tidy_name("  Zoe\u0308   van  der Berg\t") == "Zo\u00eb van der Berg"


def test_nobody_on_record_is_a_new_person_who_takes_every_identifier() -> None:
    found = match(given=[NOMS, PNC], identity=OSWIN, holders={}, own=None)
    assert (found.person_id, found.take, found.doubts) == (None, (NOMS, PNC), ())


def test_the_person_on_record_is_joined_and_gains_what_is_new() -> None:
    holder = Known("p1", (OSWIN,), frozenset({NOMS}))
    found = match(given=[NOMS, PNC], identity=OSWIN, holders={NOMS: holder}, own=None)
    assert (found.person_id, found.take, found.doubts) == ("p1", (PNC,), ())


def test_another_identity_is_kept_apart_with_a_doubt() -> None:
    holder = Known("p1", (BRAM,), frozenset({NOMS}))
    found = match(given=[NOMS, PNC], identity=OSWIN, holders={NOMS: holder}, own=None)
    assert (found.person_id, found.take) == (None, (PNC,))
    assert found.doubts == ((Doubt.OTHER_IDENTITY, NOMS, "p1"),)


def test_identifiers_of_two_people_join_the_first_and_doubt_the_second() -> None:
    one, two = Known("p1", (OSWIN,), frozenset({NOMS})), Known("p2", (OSWIN,), frozenset({PNC}))
    found = match(given=[NOMS, PNC], identity=OSWIN, holders={NOMS: one, PNC: two}, own=None)
    assert (found.person_id, found.take) == ("p1", ())
    assert found.doubts == ((Doubt.TWO_PERSONS, PNC, "p2"),)


def test_a_second_value_of_a_scheme_of_one_is_doubted() -> None:
    holder = Known("p1", (OSWIN,), frozenset({PNC, NOMS}))
    found = match(given=[PNC, SECOND], identity=OSWIN, holders={PNC: holder}, own=None)
    assert (found.person_id, found.take) == ("p1", ())
    assert found.doubts == ((Doubt.SECOND_VALUE, SECOND, None),)


def test_an_agency_s_own_person_never_changes_by_itself() -> None:
    own = Known("mine", (BRAM,), frozenset({PNC}))
    other = Known("p1", (OSWIN,), frozenset({NOMS}))
    found = match(given=[NOMS, PNC], identity=OSWIN, holders={NOMS: other, PNC: own}, own=own)
    assert found.person_id == "mine"
    assert set(found.doubts) == {(Doubt.TWO_PERSONS, NOMS, "p1"), (Doubt.OTHER_IDENTITY, PNC, None)}


@given(
    given_=st.lists(st.sampled_from([NOMS, PNC, SECOND]), unique=True, min_size=1),
    held=st.dictionaries(st.sampled_from([NOMS, PNC, SECOND]), st.sampled_from(["p1", "p2"])),
    said=identities,
)
def test_no_identifier_is_taken_from_its_holder_and_none_is_lost(
    given_: list[Identifier], held: dict[Identifier, str], said: Identity
) -> None:
    people = {
        name: Known(name, (said,), frozenset(each for each, holder in held.items() if holder == name))
        for name in ("p1", "p2")
    }
    found = match(given=given_, identity=OSWIN, holders={each: people[name] for each, name in held.items()}, own=None)
    doubted = {identifier for _, identifier, _ in found.doubts}
    joined = {each for each in given_ if found.person_id is not None and held.get(each) == found.person_id}
    assert not set(found.take) & set(held)
    assert set(found.take) | doubted | joined == set(given_)
    if found.person_id is not None:
        assert agree(OSWIN, said)
