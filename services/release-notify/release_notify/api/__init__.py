"""HTTP of release-notify: what the gateway's Prison routes call, under the same paths with the opaque person id."""

from release_notify.api import bulk, dates, events, releases

ROUTERS = (dates.router, releases.router, bulk.router, events.router)
