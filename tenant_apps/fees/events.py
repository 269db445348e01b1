"""What fees calls its payments."""

PURPOSE = "fees.due"
"""The purpose of a payment for a due; its reference is the due's id."""

PURPOSE_MANY = "fees.dues"
"""The purpose of a payment for several dues at once; its reference is the bundle's id."""
