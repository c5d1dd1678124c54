"""The data folder: secrets that stay, and one owner at a time."""

import stat
from pathlib import Path

import pytest

from throughgate.local.datadir import AlreadyRunning, DatabaseUrls, DataDir, NoStack, StackFile


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    data = DataDir.at(tmp_path)
    first = data.secrets(["consent", "audit"])
    assert first["consent"] != first["audit"]
    assert len(first["consent"]) >= 32
    later = data.secrets(["consent", "gateway"])
    assert later["consent"] == first["consent"]
    assert later["audit"] == first["audit"]
    assert "gateway" in later


def test_only_the_owner_can_read_what_is_private(tmp_path: Path) -> None:
    data = DataDir.at(tmp_path / "data")
    with data.held():
        data.secrets(["consent"])
        assert stat.S_IMODE((data.root / "secrets.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(data.root.stat().st_mode) == 0o700


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    data = DataDir.at(tmp_path)
    with data.held(), pytest.raises(AlreadyRunning, match="give another --data-dir"), data.held():
        pytest.fail("two held one folder")
    with data.held():
        assert (tmp_path / "lock").exists()


def test_where_the_stack_is_reads_back_as_it_was_written(tmp_path: Path) -> None:
    data = DataDir.at(tmp_path)
    with pytest.raises(NoStack, match="throughgate up"):
        data.read_stack()
    stack = StackFile(
        url="http://127.0.0.1:8000",
        pid=1,
        kafka="127.0.0.1:9092",
        databases={"consent": DatabaseUrls("postgresql://owner", {"consent": "postgresql://login"})},
        services={"consent": "http://127.0.0.1:8103"},
    )
    data.write_stack(stack)
    assert data.read_stack() == stack
