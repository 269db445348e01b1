"""The main job, end to end: a platform with an academy and a library, seen from outside."""

from scripts.stack.report import Report
from scripts.stack.whole import Stack
from scripts.story import books, classroom, fees, intruder, opening, outage, people, seats, storm
from scripts.story.cast import Play

STEPS = (
    ("two businesses are provisioned", opening.provision),
    ("message credits are bought, allocated, sold", opening.credits_move),
    ("students are imported", people.import_both),
    ("a student signs in by SMS", people.sign_in),
    ("fees are paid by the cheaper gateway", fees.pay_cheaper),
    ("callbacks: forged, repeated, a gateway that is down", fees.callbacks),
    ("twenty students want one seat", seats.race),
    ("a class is held live", classroom.hold),
    ("the academy's people try the library's doors", intruder.try_doors),
    ("the clock frees an unpaid seat", seats.expire),
    ("the books", books.close),
    ("a gateway times out after it acted", storm.timeouts),
    ("a page left open is paid as well", storm.two_pages),
    ("callbacks in disorder, then none at all", storm.callbacks_lost),
    ("the worker is killed in a bulk send", outage.worker_killed),
    ("Redis is emptied", outage.redis_emptied),
    ("the books again", books.close),
)


def play(stack: Stack, report: Report) -> None:
    """Play every step in order; the first that does not hold ends the story (`StoryEnded`)."""
    cast = Play(stack, report)
    for name, step in STEPS:
        with report.step(name) as page:
            step(cast, page)
