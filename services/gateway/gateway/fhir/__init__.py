"""BaRS (FHIR R4 4.0.1) at the gateways of the kinds that receive: messages in, referrals out."""
