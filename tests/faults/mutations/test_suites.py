"""Red is a failed test alone: a suite that could not be asked is neither red nor green."""

from pathlib import Path

import pytest

from tests.faults.mutations.suites import Outcome, Suite, said_of, together

PLAIN = (("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"),)
FIXTURE = "import pytest\n\n@pytest.fixture\ndef broken():\n    raise OSError\n\n"
SAYS = {
    "def test_it():\n    pass\n": Outcome.GREEN,
    "def test_it():\n    assert False\n": Outcome.RED,
    "import no_such_thing\n\ndef test_it():\n    assert False\n": Outcome.SILENT,
    FIXTURE + "def test_it(broken):\n    assert False\n": Outcome.SILENT,
    "import pytest\n\n@pytest.mark.skip\ndef test_it():\n    assert False\n": Outcome.SILENT,
    "": Outcome.SILENT,
}


@pytest.mark.parametrize("text", SAYS, ids=["passes", "fails", "import", "fixture", "skips", "nothing"])
def test_what_a_suite_says(tmp_path: Path, text: str) -> None:
    (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
    assert said_of(tmp_path, Suite(("test_it.py",), environment=PLAIN)).outcome is SAYS[text]


def test_a_suite_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert said_of(tmp_path, Suite(("test_gone.py",), environment=PLAIN)).outcome is Outcome.SILENT


def test_what_differs_in_places_alone_runs_together() -> None:
    one, other = Suite(("a.py", "b.py")), Suite(("b.py", "c.py"))
    chosen, elsewhere = Suite(("a.py",), ("-k", "it")), Suite(("a.py",), (), (("SEED", "1"),))
    assert together([one, chosen, other, elsewhere]) == [Suite(("a.py", "b.py", "c.py")), chosen, elsewhere]
