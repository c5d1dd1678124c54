"""The development issuer: gives the made-up agencies of deploy/agencies access tokens, on this machine alone.

It refuses to start unless the environment says development or test, for it knows every client's secret. In production
any OpenID Connect issuer takes its place; the tokens have the same form (RFC 9068).
"""
