"""Live updates: what was saved is told to whoever may know, at most once; clients catch up by reading.

Doors: `send` (after commit, to a topic of the current business), `topic` and `message` (what a socket may follow and
say), `sign_in_ended` and `business_closed` (who must leave).
"""

from kernel.realtime.publish import business_closed, send, sign_in_ended
from kernel.realtime.registry import message, messages, topic, topics

__all__ = ["business_closed", "message", "messages", "send", "sign_in_ended", "topic", "topics"]
