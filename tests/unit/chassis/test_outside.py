"""What an agency gives as its endpoint, tried as an attacker would: no machine of ours is reached by any of it."""

import socket
from collections.abc import Sequence

import pytest

from chassis.outside import AddressRefused, Rules, Target, UrlRefused, addresses_of, may_call, target_of

STRICT, LOCAL = Rules(), Rules(local=True)

OURS = ["127.0.0.1", "127.255.0.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::1", "fd12::1"]
OURS += ["::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:7f00:1"]
NEVER = [
    *("0.0.0.0", "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
    *("198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "fe80::1", "fe80::1%eth0", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "64:ff9b::7f00:1"),
    *("64:ff9b:1::1", "3fff::1", "100::1", "::127.0.0.1", "fec0::1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"),
    *("not an address", ""),
]
PUBLIC = ["93.184.216.34", "1.1.1.1", "172.32.0.1", "11.0.0.1", "2606:4700::1111", "::ffff:93.184.216.34"]


@pytest.mark.parametrize("address", OURS)
def test_loopback_and_private_addresses_are_for_development_alone(address: str) -> None:
    assert not may_call(address, STRICT)
    assert may_call(address, LOCAL)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_nobodys_endpoint(address: str) -> None:
    assert not may_call(address, STRICT)
    assert not may_call(address, LOCAL)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    assert may_call(address, STRICT)


@pytest.mark.parametrize(
    "url",
    [
        "http://agency.example/hook",
        "ftp://agency.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/_x",
        "//agency.example/hook",
        "agency.example/hook",
        "https://",
        "https:///hook",
        "https://user@agency.example/",
        "https://user:word@agency.example/",
        "https://agency.example#@127.0.0.1/",
        "https://agency.example\\@127.0.0.1/",
        "https://agency.example/a b",
        "https://agency.example/\nx",
        "https://ag\tency.example/",
        "https://agency.example:0/",
        "https://agency.example:99999/",
        "https://agency.example:x/",
        "https://agency..example/",
        "https://agency.example./",
        "https://-agency.example/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://agéncy.example/",
        "https://①②⑦.⓪.⓪.①/",
        f"https://agency.example/{'x' * 2000}",
    ],
)
def test_a_url_that_is_no_plain_https_endpoint_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        target_of(url, STRICT)


def test_plain_http_is_for_development_alone() -> None:
    assert target_of("http://receiver:8080/hook?a=b", LOCAL) == Target("http", "receiver", 8080, "/hook?a=b")


@pytest.mark.parametrize(
    ("url", "address", "authority", "called"),
    [
        ("https://Agency.Example", "93.184.216.34", "agency.example", "https://93.184.216.34:443/"),
        ("https://agency.example:8443/h?x=1", "1.1.1.1", "agency.example:8443", "https://1.1.1.1:8443/h?x=1"),
        ("https://agency.example/", "2606:4700::1111", "agency.example", "https://[2606:4700::1111]:443/"),
        ("https://[2606:4700::1111]/", "2606:4700::1111", "[2606:4700::1111]", "https://[2606:4700::1111]:443/"),
    ],
)
def test_the_checked_address_is_called_under_the_hosts_own_name(
    url: str, address: str, authority: str, called: str
) -> None:
    target = target_of(url, STRICT)
    assert (target.authority, target.at(address)) == (authority, called)


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> None:
    """What the name server says, one answer after another: the edge to the world."""
    left = list(answers)

    def answer(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(None, None, 6, host, (address, port)) for address in left.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


async def test_a_name_is_refused_if_one_of_its_addresses_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    target = target_of("https://agency.example/", STRICT)
    resolving(monkeypatch, ["93.184.216.34", "10.0.0.1"], ["93.184.216.34"], [])
    with pytest.raises(AddressRefused):
        await addresses_of(target, STRICT)
    assert await addresses_of(target, STRICT) == ("93.184.216.34",)
    with pytest.raises(AddressRefused):
        await addresses_of(target, STRICT)


async def test_a_name_that_changes_its_mind_is_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    target = target_of("https://agency.example/", STRICT)
    resolving(monkeypatch, ["93.184.216.34"], ["169.254.169.254"])
    assert await addresses_of(target, STRICT) == ("93.184.216.34",)
    with pytest.raises(AddressRefused):
        await addresses_of(target, STRICT)


@pytest.mark.parametrize(
    "url", ["https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:7f00:1]/"]
)
async def test_this_machine_is_no_endpoint(url: str) -> None:
    with pytest.raises(AddressRefused):
        await addresses_of(target_of(url, STRICT), STRICT)
