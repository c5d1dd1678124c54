"""Clients that ask for a feed and do not read it, or at a crawl: sockets with nothing clever between."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psycopg

from tests.support.eventually import eventually
from tests.support.stack import RunningStack
from tests.system.world import KINDS, World
from throughgate.local.datadir import DataDir

CRAWL_BYTES, CRAWL_S = 64, 0.1

_PLANT = """
INSERT INTO feed_item (agency, cursor, kind, share_id, person_id, category, subject_ref, version, source, source_kind,
                       told_source, hidden, body, available_at)
SELECT %(agency)s, n, 'share', 'planted-' || n, 'planted', 'release-date', 'planted', n, 'hmp-northgate', 'prison',
       false, false, '{"item_id":"planted-' || n || '","filler":"' || repeat('x', %(size)s) || '"}', now()
FROM generate_series(0, %(count)s - 1) n
"""
_ASKING = "SELECT set_config('throughgate.agency', %(agency)s, true)"
_DELIVERED = "SELECT count(*) FROM delivery WHERE share_id LIKE 'planted-%'"


@dataclass(frozen=True, slots=True)
class PlantedFeed:
    """A feed too long to disappear in the buffers of sockets, of an agency that nothing else is shared with."""

    stack: RunningStack
    agency: str
    items: int
    item_bytes: int

    def plant(self) -> None:
        names = {"agency": self.agency, "count": self.items, "size": self.item_bytes}
        with psycopg.connect(self._url("gateway_projector")) as connection:
            connection.execute(_PLANT, names)

    def delivered(self) -> int:
        """How many items have been taken out of the database for its agency."""
        with psycopg.connect(self._url("gateway")) as connection:
            connection.execute(_ASKING, {"agency": self.agency})
            row = connection.execute(_DELIVERED).fetchone()
        assert row is not None
        return int(row[0])

    def _url(self, login: str) -> str:
        return DataDir.at(self.stack.data_dir).read_stack().databases["gateway"].login_urls[login]

    async def at_rest(self) -> int:
        """As `delivered`, once nobody takes more any longer."""
        counts = [-1]

        def same_again() -> bool:
            counts.append(self.delivered())
            return counts[-1] == counts[-2]

        await eventually(same_again, within=120, every=1.0)
        return counts[-1]


@asynccontextmanager
async def asked(world: World, agency: str, path: str) -> AsyncIterator[socket.socket]:
    """A connection on which this was asked for, with as little room for the answer as the kernel allows."""
    host, _, port = world.stack.url.removeprefix("http://").partition(":")
    lines = [f"GET /{KINDS[agency]}/v1{path} HTTP/1.1", f"Host: {host}"]
    lines += [f"Authorization: Bearer {await world.desk(agency).token()}", "", ""]
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, (host, int(port)))
        await loop.sock_sendall(client, "\r\n".join(lines).encode())
        yield client


@asynccontextmanager
async def unread_streams(world: World, agency: str, count: int) -> AsyncIterator[Sequence[socket.socket]]:
    """So many streams of the feed from its beginning, each begun, and from then on not read."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(asked(world, agency, "/feed/stream")) for _ in range(count)]
        loop = asyncio.get_running_loop()
        for client in clients:
            async with asyncio.timeout(60):
                assert (await loop.sock_recv(client, 64)).startswith(b"HTTP/1.1 200")
        yield clients


@asynccontextmanager
async def crawling_poller(world: World, agency: str) -> AsyncIterator[None]:
    """A long page that is read some bytes at a time while the block runs."""

    async def crawl(client: socket.socket) -> None:
        while await asyncio.get_running_loop().sock_recv(client, CRAWL_BYTES):
            await asyncio.sleep(CRAWL_S)

    async with asked(world, agency, "/feed?limit=500") as client:
        crawling = asyncio.create_task(crawl(client))
        try:
            yield
            assert not crawling.done(), "the page was over before it was slow"
        finally:
            crawling.cancel()
            await asyncio.gather(crawling, return_exceptions=True)
