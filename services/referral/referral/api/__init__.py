"""HTTP of referral: what the gateways' referral routes call, under the same paths with the opaque person id."""

from referral.api import actions, directory, referrals

ROUTERS = (referrals.router, actions.router, directory.router)
