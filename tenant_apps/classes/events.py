"""What classes tells the apps above it."""

from kernel import jobs


class ClassStarted(jobs.Event):
    """A class went live; its cohort may join."""

    name = "classes.started"

    live_class: str
    title: str
    grade: str
    board: str
