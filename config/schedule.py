"""Everything that happens by the clock. Each line puts one job per slot: for every tenant alive, or for the operator."""

from datetime import time

from kernel.jobs import Cadence

SCHEDULE = (Cadence(name="jobs.trim", scope="platform", daily=time(3, 30)),)
