"""What the processes of a running stack show to the machine they are on: loopback listeners, and no secret."""

import json
import os
import re
import tempfile
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.stack import RunningStack
from throughgate.local.datadir import DataDir
from throughgate.local.programs import PROGRAMS

PROC = Path("/proc")
MODULES = "-m (" + "|".join(re.escape(program.module) for program in PROGRAMS) + ")( |$)"
LISTENING = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
"""127.0.0.1, ::1 and 127.0.0.1 as IPv6, as the kernel writes them."""


def processes(stack: RunningStack) -> dict[int, str]:
    """Every process of the stack, those that its processes started too: process id -> its arguments."""
    found = {stack.process.process.pid}
    parents = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    arguments = {}
    for pid in found:
        try:
            arguments[pid] = (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return arguments


def sockets(pid: int) -> set[str]:
    """The inodes of its sockets."""
    try:
        links = [os.readlink(entry) for entry in (PROC / str(pid) / "fd").iterdir()]
    except (FileNotFoundError, PermissionError):
        return set()
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def listeners() -> dict[str, str]:
    """Inode -> local address of every listening TCP socket of the machine."""
    found = {}
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING:
                found[fields[9]] = fields[1]
    return found


@pytest.fixture
def secrets(stack: RunningStack) -> dict[str, str]:
    """Whatever nobody else may know of this stack."""
    known: dict[str, str] = json.loads((stack.data_dir / "secrets.json").read_text())
    for key in (stack.data_dir / "issuer").glob("*.json"):
        known[f"issuer {key.stem}"] = json.loads(key.read_text())["d"]
    pem = (stack.data_dir / "keys" / "share-log.key").read_text().splitlines()
    known["signing key"] = max(pem, key=len)
    assert {"postgres", "cursor-key", "seal-key", "caseload", "consent_owner", "gateway_projector"} <= set(known)
    assert all(len(value) > 16 for value in known.values())
    return known


async def test_everything_listens_on_loopback(stack: RunningStack) -> None:
    """A stack is ready before those who answer nobody tell of themselves: all are waited for."""
    data = DataDir.at(stack.data_dir).read_stack()
    expected = {int(url.rpartition(":")[2].partition("/")[0]) for url in (data.url, *data.metrics.values())}

    def all_heard() -> dict[str, str]:
        there, heard = listeners(), {}
        for pid, arguments in processes(stack).items():
            for inode in sockets(pid) & set(there):
                heard[there[inode]] = arguments
        assert expected <= {int(address.partition(":")[2], 16) for address in heard}, "not every listener was found"
        return heard

    heard = await eventually(all_heard, within=30)
    assert {address: who for address, who in heard.items() if address.partition(":")[0] not in LOOPBACK} == {}


def test_no_secret_is_an_argument(stack: RunningStack, secrets: dict[str, str]) -> None:
    told = processes(stack)
    assert len(told) > 10
    shown = {(name, pid) for name, secret in secrets.items() for pid, arguments in told.items() if secret in arguments}
    assert shown == set()


def test_no_secret_and_no_token_is_in_a_log(stack: RunningStack, secrets: dict[str, str]) -> None:
    token = stack.token("hmp-northgate")
    hidden = {**secrets, "token": token, "tokens": "eyJ", "client secret": "dev-hmp-northgate"}
    assert len(stack.process.logs()) > 8
    found = {
        (name, line.partition(":")[0]) for name, secret in hidden.items() for line in stack.process.telling([secret])
    }
    assert found == set()


def test_secrets_rest_in_files_of_their_owner_alone(stack: RunningStack, secrets: dict[str, str]) -> None:
    assert stack.data_dir.stat().st_mode & 0o077 == 0
    files = [stack.data_dir / "secrets.json", stack.data_dir / "stack.json", stack.data_dir / "keys" / "share-log.key"]
    files += (stack.data_dir / "issuer").glob("*.json")
    assert {file.name: oct(file.stat().st_mode & 0o077) for file in files if file.stat().st_mode & 0o077} == {}


def written(pid: int) -> set[Path]:
    """Files that it holds open for writing, as they are named now; pipes, sockets and devices are none."""
    found = set()
    for entry in (PROC / str(pid) / "fd").iterdir():
        try:
            flags = (PROC / str(pid) / "fdinfo" / entry.name).read_text().split("flags:")[1].split()[0]
            target = os.readlink(entry)
        except (FileNotFoundError, PermissionError):
            continue
        if int(flags, 8) & os.O_ACCMODE and target.startswith("/") and not target.startswith("/dev/"):
            found.add(Path(target.removesuffix(" (deleted)")))
    return found


def test_a_process_writes_to_its_log_and_to_files_of_a_moment(stack: RunningStack) -> None:
    """So its file system may be read-only, beside the folder for temporary files and its data folder."""
    data, temporary = stack.data_dir.resolve(), Path(tempfile.gettempdir()).resolve()
    services = {pid: said for pid, said in processes(stack).items() if re.search(MODULES, said)}
    assert len(services) >= len(PROGRAMS)
    for pid, said in services.items():
        inside = {path for path in written(pid) if not {data, temporary} & set(path.parents)}
        assert inside == set(), said
