"""Refusals of keyed requests."""

from kernel.errors import DomainError


class KeyMissing(DomainError):
    code = "idempotency.key_missing"
    status = 400
    title = "This request needs an Idempotency-Key"
    action = "Send a new Idempotency-Key (1 to 200 visible characters) and the same one when repeating."


class KeyReused(DomainError):
    code = "idempotency.key_reused"
    status = 422
    title = "This Idempotency-Key was used for another request"
    action = "Send a new key for a new request."


class InFlight(DomainError):
    code = "idempotency.in_flight"
    status = 409
    title = "The same request is still being worked on"
    action = "Send it again with the same key in a moment."
    headers = {"Retry-After": "1"}
