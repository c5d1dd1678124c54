"""A single resource carries the ETag of what is said of it (api.md, Concurrency)."""

import hashlib

from fastapi import Response

from chassis.etag import Preconditions, etag_of, not_modified


def tagged(answer: Response, wanted: Preconditions) -> Response:
    """The answer with an ETag made of its body; 304 in its place if that is what the caller has."""
    if answer.status_code != 200:
        return answer
    version = hashlib.sha256(answer.body).hexdigest()[:32]
    if not_modified(wanted, version):
        return Response(None, 304, {"ETag": etag_of(version)})
    answer.headers["ETag"] = etag_of(version)
    return answer
