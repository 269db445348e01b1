"""The HTTP door of the house: views that refuse by default, problem documents, lists, idempotent calls, throttles."""
