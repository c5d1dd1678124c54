"""The list is up to date, and in every run its cheap mutations turn their suites red."""

import ast

import pytest

from tests.faults.mutations.listed import MUTATIONS
from tests.faults.mutations.mutation import Mutation
from tests.faults.mutations.run import broken, over_mutation, unbroken
from tests.faults.mutations.suites import ROOT, Outcome

CHEAP = [mutation for mutation in MUTATIONS if mutation.cheap]
QUICK = [mutation for mutation in CHEAP if mutation.suite[0].startswith("tests/unit/")]
"""Enough to see that a copy is as good as the tree: that the tree's suites are green is what `make test` says."""


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_what_stands_there(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert broken(text, mutation) != text
    if mutation.file.endswith(".py"):
        ast.parse(broken(text, mutation), mutation.file)


def test_names_are_their_own() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_copy_in_which_nothing_is_broken_is_green() -> None:
    for suite, said in unbroken(QUICK):
        assert said.outcome is Outcome.GREEN, f"{suite}\n{said.tail}"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutation", CHEAP, ids=lambda mutation: mutation.name)
def test_a_cheap_mutation_turns_its_suite_red(mutation: Mutation) -> None:
    said = over_mutation(mutation)
    assert said.outcome is Outcome.RED, said.tail
