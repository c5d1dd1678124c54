"""HTTP of consent: each endpoint translates, calls one operation, translates back."""

from consent.api import agreements, consents, emergencies, operators

ROUTERS = (consents.router, emergencies.router, agreements.router, operators.router)
