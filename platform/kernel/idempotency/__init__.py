"""Answers kept by Idempotency-Key, so that a repeated request is the same request."""
