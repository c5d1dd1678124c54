"""Facts as JSON, there and back: what a decision was taken on can be read and the decision taken again."""

from functools import lru_cache

from pydantic import TypeAdapter

from consent.domain.facts import AgencyFact, OfferFacts, PersonFacts

PERSON = TypeAdapter(PersonFacts)
OFFER = TypeAdapter(OfferFacts)
AGENCY = TypeAdapter(AgencyFact)


def person_text(fact: PersonFacts) -> str:
    return PERSON.dump_json(fact).decode()


def offer_text(fact: OfferFacts) -> str:
    return OFFER.dump_json(fact).decode()


@lru_cache(maxsize=4096)
def agency_text(fact: AgencyFact) -> str:
    return AGENCY.dump_json(fact).decode()
