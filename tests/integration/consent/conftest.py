"""A consent service of each test's own, and its HTTP half called by made-up agencies."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from consent.main import create
from contracts.codes import AgencyKind
from tests.support.consent_service import ConsentService
from tests.support.consent_world import agencies
from tests.support.http import client
from tests.support.postgres import MakeDatabase
from tests.support.tokens import TOKENS


@pytest.fixture
async def service(fresh_database: MakeDatabase) -> AsyncIterator[ConsentService]:
    database = Database(fresh_database("consent").url)
    found = ConsentService(database)
    await found.start()
    try:
        yield found
    finally:
        await database.close()


class Callers:
    """`await callers.post("probation-north", path, body)`, each call with a key and the agency's own token."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def call(
        self, method: str, agency: str, path: str, body: Any = None, *, member: str | None = None, **headers: str
    ) -> httpx2.Response:
        kind = agencies()[agency].kind if agency in agencies() else AgencyKind.OPERATOR
        sent = TOKENS.headers(agency, kind, member=member) | headers
        if method == "POST":
            sent.setdefault("Idempotency-Key", new_id())
        return await self.http.request(method, f"/v1{path}", headers=sent, json=body)

    async def post(self, agency: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return await self.call("POST", agency, path, body if body is not None else {}, **more)

    async def get(self, agency: str, path: str) -> httpx2.Response:
        return await self.call("GET", agency, path)


@pytest.fixture
async def callers(service: ConsentService) -> AsyncIterator[Callers]:
    app = create(Settings(environment=Environment.TEST), service.database, verifier=TOKENS.verifier())
    async with client(app) as http:
        yield Callers(http)
