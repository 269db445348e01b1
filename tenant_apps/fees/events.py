"""What fees calls its payments."""

PURPOSE = "fees.due"
"""The purpose of a payment for a due; its reference is the due's id."""
