"""Provisioning is carried out by the jobs of the test alone."""

from tests.support.queue import empty_queue

__all__ = ["empty_queue"]
