"""The register of agencies: what an entry must say for itself (domain.md, Agencies)."""

import re
from typing import ClassVar

from contracts.caseload import Agency
from contracts.codes import AgencyKind
from contracts.errors import Invalid

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_ODS = re.compile(r"[A-Z0-9]{3,10}", re.ASCII)
_MDI = re.compile(r"[A-Z][A-Z0-9]{2}|\*", re.ASCII)

NHS_KINDS = frozenset(
    {AgencyKind.PRISON_HEALTH, AgencyKind.MENTAL_HEALTH, AgencyKind.LIAISON_DIVERSION, AgencyKind.DRUG_ALCOHOL}
)
"""Kinds that may be NHS bodies (not each is: many drug and alcohol services are charities)."""


class InvalidAgency(Invalid):
    """The agency's entry in the register breaks a rule."""

    code: ClassVar[str] = "invalid-agency"


def ensure_valid(agency: Agency) -> None:
    """Raises InvalidAgency at the first field that breaks a rule."""
    rules = (
        ("/id", _ID.fullmatch(agency.id) is not None and len(agency.id) <= 60),
        ("/codes/ods", agency.codes.ods is None or _ODS.fullmatch(agency.codes.ods) is not None),
        ("/codes/mdi", agency.codes.mdi is None or _MDI.fullmatch(agency.codes.mdi) is not None),
        ("/codes/mdi", (agency.codes.mdi is not None) == (agency.kind is AgencyKind.PRISON)),
        ("/nhs_body", not agency.nhs_body or agency.kind in NHS_KINDS),
        ("/contracted_by", agency.contracted_by is None or agency.kind is AgencyKind.PROVIDER),
    )
    for pointer, holds in rules:
        if not holds:
            raise InvalidAgency(pointer=pointer)
