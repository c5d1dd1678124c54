"""A file is one idea: none is over 300 lines."""

from tests.support.source import files, test_files, where

LIMIT = 300


def test_no_file_is_longer_than_an_idea() -> None:
    lengths = {where(path): len(path.read_text(encoding="utf-8").splitlines()) for path in [*files(), *test_files()]}
    assert lengths
    assert {name: length for name, length in lengths.items() if length > LIMIT} == {}
