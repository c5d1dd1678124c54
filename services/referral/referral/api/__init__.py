"""HTTP of referral: what the gateways' referral routes call, under the same paths with the opaque person id."""

from referral.api import directory, either, receiver, referrals, sender

ROUTERS = (referrals.router, sender.router, receiver.router, either.router, directory.router)
