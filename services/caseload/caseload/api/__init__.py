"""HTTP of caseload: each endpoint translates, calls one operation, translates back."""

from caseload.api import agencies, bulk, custody, involvement, operators, people, sections

ROUTERS = (
    people.router,
    bulk.router,
    involvement.router,
    custody.router,
    sections.router,
    agencies.router,
    operators.router,
)
