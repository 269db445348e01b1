"""Measurements: what pages cost a person with a slow phone."""
