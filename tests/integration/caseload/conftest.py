"""Caseload's application over a database of the test's own, called by made-up agencies."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from caseload.handlers import HANDLERS
from caseload.main import create, load_agencies
from chassis import clock
from chassis.consumer import Received, dispatch
from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from contracts.codes import AgencyKind
from contracts.event import EventData
from tests.support.http import client
from tests.support.postgres import MakeDatabase
from tests.support.tokens import TOKENS

DEPLOY = Path(__file__).parents[3] / "deploy"

KINDS = {
    "hmp-northgate": AgencyKind.PRISON,
    "hmp-southmoor": AgencyKind.PRISON,
    "hmpps-national": AgencyKind.PRISON,
    "probation-north": AgencyKind.PROBATION,
    "police-north": AgencyKind.POLICE,
    "charity-newstart": AgencyKind.PROVIDER,
    "housing-northtown": AgencyKind.HOUSING,
    "mht-riverside": AgencyKind.MENTAL_HEALTH,
    "yot-northtown": AgencyKind.YOUTH,
    "auditor-north": AgencyKind.AUDITOR,
    "operator": AgencyKind.OPERATOR,
}


class World:
    """The running service and its callers: `await world.put("hmp-northgate", path, body)`."""

    def __init__(self, http: httpx2.AsyncClient, database: Database) -> None:
        self.http = http
        self.database = database

    async def call(
        self,
        method: str,
        agency: str,
        path: str,
        body: Any = None,
        *,
        member: str | None = None,
        key: str | None = None,
        raw: bytes | None = None,
    ) -> httpx2.Response:
        headers = TOKENS.headers(agency, KINDS[agency], member=member)
        if method == "POST":
            headers["Idempotency-Key"] = key or new_id()
        return await self.http.request(
            method, f"/v1{path}", headers=headers, json=body if raw is None else None, content=raw
        )

    async def get(self, agency: str, path: str) -> httpx2.Response:
        return await self.call("GET", agency, path)

    async def put(self, agency: str, path: str, body: Any, **options: Any) -> httpx2.Response:
        return await self.call("PUT", agency, path, body, **options)

    async def post(self, agency: str, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return await self.call("POST", agency, path, body, **options)

    async def delete(self, agency: str, path: str) -> httpx2.Response:
        return await self.call("DELETE", agency, path)

    async def register(self, agency: str, reference: str, **said: Any) -> str:
        """Registers a person; returns its id."""
        answer = await self.put(agency, f"/people/{reference}", person(**said))
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["person_id"])

    async def resolve(self, agency: str, *references: str) -> list[str | None]:
        answer = await self.post(agency, "/people/resolve", {"people": list(references)})
        assert answer.status_code == 200, answer.text
        return [item and item["person_id"] for item in answer.json()["items"]]

    async def feed(self, *events: EventData) -> None:
        """One batch of events, as the consumer applies it."""
        received = [Received(new_id(), str(one.TOPIC), one.key, 1, clock.now(), None, one) for one in events]
        async with self.database.transaction() as session:
            await dispatch(HANDLERS)(session, received)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.session() as session:
            return list(await session.execute(text(statement), values))

    async def events(self, type_: str, about: str | None = None) -> list[dict[str, Any]]:
        """The data of every event of a type in the outbox, oldest first; `about` a person or another stream's key."""
        rows = await self.rows("SELECT key, body FROM outbox WHERE type = :type ORDER BY id", type=type_)
        found = [(key, json.loads(body)) for key, body in rows]
        return [data for key, data in found if about is None or about in (key, data.get("person_id"))]


def person(**said: Any) -> dict[str, Any]:
    """A registration's body, of a made-up person."""
    return {
        "identifiers": [],
        "name": {"family": "Fenwright", "given": "Oswin"},
        "date_of_birth": "1991-04-17",
        **said,
    }


@pytest.fixture
async def world(fresh_database: MakeDatabase) -> AsyncIterator[World]:
    database = Database(fresh_database("caseload").url)
    settings = Settings(environment=Environment.TEST, service="caseload", deploy_dir=DEPLOY)
    await load_agencies(database, settings)
    async with client(create(settings, database, verifier=TOKENS.verifier())) as http:
        yield World(http, database)
    await database.close()
