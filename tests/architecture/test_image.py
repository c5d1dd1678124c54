"""The image and the compose file give a process no more than it needs: no root, nothing to write to, no open port."""

import re
from typing import Any

import yaml

from tests.support.source import ROOT
from throughgate.local.postgres import DISCREET, ROOMY
from throughgate.local.programs import PROGRAMS

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "throughgate"}


def test_every_process_of_the_stack_is_in_the_compose_file() -> None:
    told = {tuple(each["command"]) for each in OURS.values()}
    assert {("python", "-m", program.module) for program in PROGRAMS} <= told


def test_what_is_ours_runs_with_nothing_to_write_to_and_no_power() -> None:
    assert len(OURS) > len(PROGRAMS)
    for name, each in OURS.items():
        assert each["read_only"] is True, name
        assert each["tmpfs"] == ["/tmp"], name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert each["volumes"] == ["data:/data"], name
        assert not {"privileged", "user", "network_mode", "pid", "ipc", "cap_add", "devices"} & each.keys(), name


def test_each_process_logs_in_as_itself_and_never_as_its_databases_owner() -> None:
    programs = [program for program in PROGRAMS if program.database]
    assert programs
    for program in programs:
        (each,) = [each for each in OURS.values() if each["command"] == ["python", "-m", program.module]]
        assert each["environment"]["THROUGHGATE_DATABASE_URL"].startswith(f"postgresql://{program.login}:"), program


def test_only_the_gateway_is_reached_from_outside_and_from_this_machine_alone() -> None:
    ports = {name: each["ports"] for name, each in COMPOSE["services"].items() if "ports" in each}
    assert ports == {"gateway": ["127.0.0.1:8000:8000"]}


def test_the_database_of_the_compose_file_logs_nothing_of_a_person_and_has_room_for_all() -> None:
    said = COMPOSE["services"]["postgres"]["command"]
    assert {f"-c{name}={value}" for name, value in (DISCREET | ROOMY).items()} <= set(said)


def test_no_secret_is_an_argument_or_stands_in_the_file() -> None:
    for name, each in COMPOSE["services"].items():
        assert "PASSWORD" not in " ".join(each.get("command", [])), name
        for variable, value in each.get("environment", {}).items():
            if re.search(r"PASSWORD|KEY$|DATABASE_URL", variable):
                assert "${THROUGHGATE_PASSWORD" in value, f"{name}: {variable}"


def test_the_image_runs_as_a_user_without_a_name_to_log_in_with() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (.+)$", last, re.MULTILINE)
    assert users
    assert all(user.isdigit() and int(user) >= 10000 for user in users)
    assert last.index("\nUSER ") > last.rindex("\nCOPY "), "nothing that is copied in belongs to that user"
    assert "--chown" not in last
    assert last.count("PYTHONDONTWRITEBYTECODE=1") == 1
    assert not re.search(r"^(ARG|ENV) .*(PASSWORD|SECRET|TOKEN|_KEY)", DOCKERFILE, re.MULTILINE)


def test_what_goes_into_the_image_is_pinned_by_hash() -> None:
    installs = re.findall(r"pip install[^\n&]*", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in each or "--no-deps /tmp/wheel" in each for each in installs)
