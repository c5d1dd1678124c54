"""The person's view and the ledger's words, as text that the promised models read."""

import json

from contracts.codes import AgencyKind, Category
from contracts.http.gateway import PersonView
from gateway.domain.deliveries import no_one_from
from gateway.domain.views import FIELDS, own_release, own_section, person_view
from gateway.front import OF_KIND


def test_every_category_has_its_field() -> None:
    assert set(FIELDS) == set(Category)
    assert {name for name, _ in FIELDS.values()} | {"person_id"} == set(PersonView.model_fields)


def test_an_empty_view_has_empty_lists_and_nothing_else() -> None:
    assert json.loads(person_view("p1", [])) == {"person_id": "p1", "warnings": [], "referrals": [], "engagement": []}


def test_the_first_section_of_a_field_is_it_and_the_rest_are_others() -> None:
    sections = [(Category.IDENTITY, own_section({"n": n})) for n in range(3)]
    view = PersonView.model_validate_json(person_view("p1", sections))
    assert view.identity is not None
    assert view.identity.content == {"n": 0}
    assert [each.content for each in view.identity.others or []] == [{"n": 1}, {"n": 2}]


def test_lists_hold_every_section() -> None:
    sections = [(Category.WARNING, own_section({"n": n})) for n in range(2)]
    assert [each.content for each in PersonView.model_validate_json(person_view("p", sections)).warnings] == [
        {"n": 0},
        {"n": 1},
    ]


def test_an_own_release_reads_like_one_that_is_shared() -> None:
    answer = {"release_id": "r", "person_id": "p", "version": 2, "effective": {"release_date": "2031-03-04"}}
    assert own_release(answer) == {"release_date": "2031-03-04", "release_id": "r", "version": 2}
    assert own_release({"release_id": "r", "version": 1})["release_date"] is None


def test_kinds_that_the_source_may_not_know_of_are_never_said_to_lack_it() -> None:
    assert no_one_from([]) == ["probation", "police", "youth", "housing", "benefits"]
    assert no_one_from([("probation", "delivered"), ("police", "refused"), ("youth", "withdrawn")]) == [
        "police",
        "youth",
        "housing",
        "benefits",
    ]


def test_every_kind_but_the_operator_has_a_gateway() -> None:
    assert set(OF_KIND) == set(AgencyKind) - {AgencyKind.OPERATOR}
