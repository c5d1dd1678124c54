"""Tables of consent. A row keeps `recorded_person_id` beside `person_id`, so that an unmerge moves back exactly what a
merge moved."""

from consent.models.persons import (
    ConsentRow,
    EmergencyRequestRow,
    InvolvementRow,
    MappaRow,
    ObjectionRow,
    PersonRow,
    WithdrawalRow,
)
from consent.models.policy import (
    AgencyRow,
    AgreementRow,
    PolicyState,
)
from consent.models.shares import (
    DecisionInputRow,
    DecisionRow,
    OfferRow,
    RefusalRow,
    ReviewRow,
    ShareRow,
)
from consent.models.table import Table

__all__ = [
    "AgencyRow",
    "AgreementRow",
    "ConsentRow",
    "DecisionInputRow",
    "DecisionRow",
    "EmergencyRequestRow",
    "InvolvementRow",
    "MappaRow",
    "ObjectionRow",
    "OfferRow",
    "PersonRow",
    "PolicyState",
    "RefusalRow",
    "ReviewRow",
    "ShareRow",
    "Table",
    "WithdrawalRow",
]
