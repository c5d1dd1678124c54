"""What is generated from the code and committed: the events' schemas, the gateways' OpenAPI, the AsyncAPI document.

Invariant: the same code gives the same bytes; `python -m throughgate.contracts_gen --check` fails on any difference.
"""
