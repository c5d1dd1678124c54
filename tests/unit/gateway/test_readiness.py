"""The public port is ready once everybody behind it has been, and stays so when one of them goes away."""

import pytest
from fastapi import FastAPI, Response

from chassis.http_client import ServiceClient
from chassis.problems import Problem
from gateway.readiness import AllThere
from tests.support.http import in_process


def service(ready: set[str], name: str) -> ServiceClient:
    app = FastAPI()

    @app.get("/health/readiness")
    async def readiness() -> Response:
        return Response(status_code=200 if name in ready else 503)

    return ServiceClient("http://owner.test", transport=in_process(app))


async def test_it_waits_for_each_and_for_none_of_them_twice() -> None:
    ready = {"caseload"}
    check = AllThere([service(ready, "caseload"), service(ready, "consent")])
    with pytest.raises(Problem):
        await check()
    ready.add("consent")
    await check()
    ready.clear()
    await check()
