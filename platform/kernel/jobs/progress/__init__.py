"""Visible progress of long work, one row in the schema of the business that asked for it. Doors: `services`."""
