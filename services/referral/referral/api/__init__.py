"""HTTP of referral: what the gateways' referral routes call, under the same paths with the opaque person id."""

from referral.api import directory, either, receiver, referrals, screening, sender

ROUTERS = (referrals.router, sender.router, receiver.router, either.router, screening.router, directory.router)
