"""What one side of a referral, or of a screening request, has at its gateway."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from tests.support.pipe import Pipe

Agency = tuple[str, str]


async def side_of(pipe: Pipe, agency: Agency, path: str, shape: type[BaseModel]) -> dict[str, Any]:
    """The resource as this agency sees it, with its `etag`; empty where it sees none."""
    answer = await pipe.call(*agency, "GET", path)
    if answer.status_code == 404:
        return {}
    assert answer.status_code == 200, answer.text
    shape.model_validate_json(answer.content)
    return dict(answer.json()) | {"etag": answer.headers["etag"]}


def side_with(
    pipe: Pipe, agency: Agency, path: str, shape: type[BaseModel], wanted: dict[str, Any]
) -> Callable[[], Awaitable[Any]]:
    """Whether this agency sees the resource with these values; `...` is anything that is there."""

    async def holds() -> dict[str, Any]:
        found = await side_of(pipe, agency, path, shape)
        assert found, "nothing is seen there"
        for name, value in wanted.items():
            assert found.get(name) if value is ... else found.get(name) == value, found
        return found

    return holds
