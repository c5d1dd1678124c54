"""Bodies of consent's HTTP, made up."""

from datetime import timedelta
from typing import Any

from chassis import clock


def consent_body(*recipients: str, **changes: Any) -> dict[str, Any]:
    """A consent given now for 90 days to these agencies, for resettlement; `changes` replace fields, None removes."""
    body = {
        "decision": "given",
        "categories": ["identity", "release-date", "accommodation"],
        "recipients": [{"agency": name} for name in recipients],
        "purposes": ["resettlement"],
        "valid_until": (clock.now() + timedelta(days=90)).isoformat(),
        "how": "written",
        "given_by": "person",
        "has_capacity": True,
        "statement": {"id": "sharing-statement", "version": "3"},
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not None}
