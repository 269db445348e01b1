from tests.support.queue import empty_queue

__all__ = ["empty_queue"]
