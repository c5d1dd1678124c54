"""Calls an application in this process, through the same door as a network would, faults answered and not raised."""

import sys
from typing import Any

import httpx2
from fastapi import FastAPI

sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
"""At each of these calls httpx2 asks it whether trio runs: what is known to be missing is not searched for on disk."""


def client(app: FastAPI, *, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
    """An HTTP client of `app`; use it as an async context manager."""
    return httpx2.AsyncClient(transport=in_process(app), base_url="http://throughgate.test", headers=headers)


def in_process(app: FastAPI) -> httpx2.ASGITransport:
    """The way to `app` for a client."""
    return httpx2.ASGITransport(app, raise_app_exceptions=False)


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Hold an answer to be the problem `code` with `status`, in the form of RFC 9457, and return its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["code"] == code, body
    assert body["type"].endswith(f":{code}")
    assert body["title"]
    return body
