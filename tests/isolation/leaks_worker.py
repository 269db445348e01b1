"""`python -m tests.isolation.leaks_worker <report> <jobs>`: four workers that carry out the jobs of `leaks`.

They are forked before anybody connects, as Celery forks its own.
"""

import os
import sys
from pathlib import Path

import django


def main(report: str, number: str) -> None:
    django.setup()
    from tests.isolation import leaks

    leaks.stuck_if_told()
    first = os.getpid()
    children: list[int] = []
    while os.getpid() == first and len(children) < leaks.WORKERS - 1:
        children.append(os.fork())
    leaks.work(Path(report), int(number))
    if os.getpid() == first:
        for child in children:
            os.waitpid(child, 0)
    os._exit(0)  # at once: to take everything imported apart costs as much as all the work


if __name__ == "__main__":
    main(*sys.argv[1:])
