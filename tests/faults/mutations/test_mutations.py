"""The list is up to date, and its cheap mutations turn their suites red in every run."""

import pytest

from tests.faults.mutations.listed import MUTATIONS
from tests.faults.mutations.mutation import Mutation
from tests.faults.mutations.run import RED, ROOT, broken, turns_red


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_what_stands_there(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert broken(text, mutation) != text


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutation", [each for each in MUTATIONS if each.cheap], ids=lambda mutation: mutation.name)
def test_a_cheap_mutation_turns_its_suite_red(mutation: Mutation) -> None:
    assert turns_red(mutation) == RED
