"""An information-sharing agreement as partners sign it (deploy/agreements/*.yaml): data, typed and closed.

A published version never changes; its hash is SHA-256 over the canonical JSON of what is modelled here, so spelling,
order of keys and comments of the file do not count. Whether the law allows a clause is checked by consent's domain.
"""

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import rfc8785
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from contracts.codes import AgencyKind, Basis, Category, Purpose, SubjectTo

ANY = "any"
NHS_BODIES = "nhs-bodies"

Party = AgencyKind | Literal["any", "nhs-bodies"]
"""A kind of agency; `any` is every kind but auditor and operator; `nhs-bodies` needs the agency's `nhs_body`."""

Gateway = Literal[
    "oma-2007-s14",
    "cda-1998-s115",
    "cja-2003-s325",
    "pcsc-2022-s16",
    "ha-1996-s213b",
    "nhsa-2006-s249",
    "hsca-2012-s251b",
    "sa-2020-sch9",
    "cja-2003-s250",
]
"""The law that a clause stands on, where domain.md's table sets limits, and two more that referrals use."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(_Closed):
    """One condition on the facts. A fact that is unknown does not meet it."""

    kind: Literal[
        "contracted-by",
        "not-contracted",
        "mappa-managed",
        "chosen-authority",
        "near-homelessness",
        "care-involvement-or-referral",
        "health-bodies",
        "named-receiver",
        "order-reference",
        "same-referral",
        "referral-receiver",
        "named-addressee",
        "emergency-push",
        "emergency-request",
    ]
    kinds: tuple[AgencyKind, ...] = ()
    """For `contracted-by` and `not-contracted`: the kinds of agency that would hold the contract."""
    days: Annotated[int, Field(ge=0, le=3660)] | None = None
    """For `near-homelessness`: at most so many days before release."""
    only_for: tuple[Category, ...] = ()
    """The categories it applies to; none means all of the clause's."""


class Flow(_Closed):
    """From these kinds to these kinds. `purposes`, where given, narrows or reorders the clause's for this flow."""

    sources: tuple[Party, ...] = Field(alias="from", min_length=1)
    recipients: tuple[Party, ...] = Field(alias="to", min_length=1)
    purposes: tuple[Purpose, ...] = ()


class Redaction(_Closed):
    """What of a category's content goes: named fields (`remove`) or everything but named fields (`keep`).

    Fields are dotted names; `identifiers.pnc` is the identifier of that scheme; `health` is health data wherever it is.
    """

    remove: tuple[str, ...] = ()
    keep: tuple[str, ...] | None = None


class Articles(_Closed):
    """Conditions of UK GDPR: Article 6 always; 9 for health data; 10 for offence data, with DPA 2018 Sch. 1."""

    article_6: Text
    article_9: Text | None = None
    article_10: Text | None = None


class Clause(_Closed):
    id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,2}){1,2}$")]
    title: Text
    flows: tuple[Flow, ...] = Field(min_length=1)
    categories: tuple[Category, ...] = Field(min_length=1)
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    basis: Basis
    gateway: Gateway | None = None
    authorising_law: Text | None = None
    articles: Articles
    subject_to: SubjectTo | None = None
    as_referred: bool = False
    """The answer to a referral: it stands on what the referral came on, `basis` or law; then it needs no consent."""
    involvement: Literal["confirmed", "any", "none"]
    """What the recipient needs: `any` is claimed or confirmed."""
    involvement_not_for: tuple[Category, ...] = ()
    """Categories that need none: a referral goes to its named receiver, who is not involved before it has it."""
    conditions: tuple[Condition, ...] = ()
    redactions: dict[Category, Redaction] = Field(default_factory=dict)
    source_sees_recipient: Literal["yes", "recorder", "referral-ends", "no"] = "no"
    """`recorder`: only the agency that recorded the consent; `referral-ends`: only the two ends of the referral."""
    hours: int | None = None
    """For vital interests: how long one case lasts."""
    review: bool = False
    """For vital interests: reviewed within one working day."""
    named_member: bool = False
    justification: bool = False

    @model_validator(mode="after")
    def _redacts_its_own(self) -> "Clause":
        strange = set(self.redactions) - set(self.categories)
        if strange:
            raise ValueError("a redaction names a category that the clause does not share")
        if set(self.involvement_not_for) - set(self.categories):
            raise ValueError("involvement_not_for names a category that the clause does not share")
        return self


class Signatory(_Closed):
    agency: Text
    role: Text
    signed_on: date


class Agreement(_Closed):
    """`cited_as` comes before a clause's number when people cite it ("NORTH-ISA 4.2"). `valid_until` is exclusive."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
    cited_as: Text
    title: Text
    version: Annotated[str, BeforeValidator(str), StringConstraints(pattern=r"^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}$")]
    valid_from: date
    valid_until: date
    parties: tuple[Text, ...] = Field(min_length=1)
    """Agency ids, or `any` for every agency of the register."""
    signatories: tuple[Signatory, ...] = Field(min_length=1)
    clauses: tuple[Clause, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "Agreement":
        if self.valid_until <= self.valid_from:
            raise ValueError("valid_until is not after valid_from")
        ids = [clause.id for clause in self.clauses]
        if len(ids) != len(set(ids)):
            raise ValueError("two clauses have the same id")
        return self

    def canonical(self) -> bytes:
        """RFC 8785 JSON of the whole agreement: what is hashed, stored and published."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True))

    def document_hash(self) -> str:
        """SHA-256 of the canonical bytes, in hex."""
        return hashlib.sha256(self.canonical()).hexdigest()

    def cite(self, clause_id: str) -> str:
        return f"{self.cited_as} {clause_id}"


def load_agreement(path: Path) -> Agreement:
    """The agreement in a YAML file. Raises pydantic.ValidationError or yaml.YAMLError."""
    return Agreement.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def version_key(version: str) -> tuple[int, ...]:
    """Orders versions as numbers: 1.10.0 after 1.9.0."""
    return tuple(int(part) for part in version.split("."))
