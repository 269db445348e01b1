"""Drills: a running stack is driven from outside while what can fail does, and what it kept is counted afterwards."""
