"""Reads of classes, cut to what the actor may see: students their own grade and board, teachers their own classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from connectors.video.port import Part
from kernel import clock
from kernel.http.actor import Actor
from kernel.http.lookup import found
from shared_apps.accounts import selectors as accounts
from tenant_apps.classes import weeks
from tenant_apps.classes.models import ChatMessage, LiveClass, Presence, Slot, VideoAccount
from tenant_apps.people import selectors as people

# How long before its start a class's lobby is open to students.
LOBBY = timedelta(minutes=10)
EARLY = timedelta(minutes=15)
# A page asks at least twice a minute; one that has not for this long was closed without leaving.
SILENT = timedelta(minutes=2)
A_ROOM = 200
_LEADS = frozenset({"owner", "manager", "front_desk", "accountant"})


@dataclass(frozen=True, slots=True)
class ClassCard:
    """A class of one day as a card shows it: `scheduled`, `lobby`, `live`, `ended`, `missed` or `cancelled`.

    `live_class` is there once it was started or cancelled; `count` are those in it now.
    """

    slot: UUID
    live_class: UUID | None
    subject: str
    grade: str
    board: str
    teacher: UUID
    teacher_name: str
    room: str
    branch: str
    starts_at: datetime
    ends_at: datetime
    state: str
    count: int = 0
    note: str = ""
    may_join: bool = False
    may_hold: bool = False

    @property
    def place(self) -> str:
        return " · ".join(filter(None, (self.room, self.branch)))

    @property
    def day(self) -> date:
        return self.starts_at.astimezone(clock.zone()).date()

    @property
    def seconds(self) -> int:
        """Until it starts; less than nothing when its time has come."""
        return int((self.starts_at - clock.now()).total_seconds())

    @property
    def minutes(self) -> int:
        return -(-self.seconds // 60)

    @property
    def is_near(self) -> bool:
        """Whether the wait is told in minutes."""
        return self.seconds < 3 * 3600

    @property
    def is_open(self) -> bool:
        """Whether it is held or waited for at this moment."""
        return self.state in {"live", "lobby"}

    @property
    def is_late(self) -> bool:
        return self.state == "lobby" and self.seconds < 0

    @property
    def can_start(self) -> bool:
        """Whether the reader may start it now."""
        return self.may_hold and self.live_class is None and self.starts_at - EARLY <= clock.now() < self.ends_at


@dataclass(slots=True)
class Attended:
    """One person's time in a class."""

    name: str
    came_at: datetime
    seconds: int = 0

    @property
    def minutes(self) -> int:
        return round(self.seconds / 60)


def here_now(prefix: str = "") -> Q:
    """The stays of those who are in a class: they have not left, and their page was not closed."""
    seen = Q((f"{prefix}seen_at", None)) | Q((f"{prefix}seen_at__gt", clock.now() - SILENT))
    return Q((f"{prefix}left_at", None)) & seen


def cards_today(actor: Actor, *, only: Q | None = None) -> list[ClassCard]:
    """Today's classes the actor may see, by hour: for home pages. Two queries; a student's cohort is another.

    Around midnight also the one that began yesterday and is still on, and the one of tomorrow that is waited for.
    """
    today = clock.today()
    around = cards_between(actor, today - timedelta(days=1), 3, only=only)
    return [card for card in around if card.day == today or card.is_open]


def cards_between(
    actor: Actor, first: date, days: int, *, only: Q | None = None, slots: Sequence[Slot] | None = None
) -> list[ClassCard]:
    """The classes of some days: those of the timetable, and those held in hours that have since ended."""
    begin = weeks.begin_of(first)
    only = only or Q()
    if slots is None:
        hours = slots_visible(actor).filter(only).select_related("teacher", "branch")
        slots = list(hours.order_by("weekday", "starts", "id"))
    held = Slot.objects.filter(only).values("id")
    classes = classes_visible(actor).filter(
        slot__in=held, starts_at__gte=begin, starts_at__lt=begin + timedelta(days=days)
    )
    rows = classes.select_related("teacher", "slot", "slot__branch").annotate(
        people=Count("presences", filter=here_now("presences__"))
    )
    known = {(row.slot_id, row.starts_at): row for row in rows}
    cards = []
    for day in (first + timedelta(days=number) for number in range(days)):
        for slot in slots:
            starts_at, ends_at = weeks.hours_on(slot, day)
            if slot.weekday != day.weekday() or (slot.id, starts_at) in known or slot.created_at > ends_at:
                continue
            cards.append(_card(actor, slot, starts_at, ends_at, None))
    cards += [_card(actor, row.slot, row.starts_at, row.ends_at, row) for row in known.values() if row.slot]
    return sorted(cards, key=lambda card: (card.starts_at, card.grade, card.subject))


def card_of(actor: Actor, slot: UUID, day: date) -> ClassCard | None:
    """One class of one day, or None when there is none the actor may see."""
    return next(iter(cards_between(actor, day, 1, only=Q(id=slot))), None)


def card_now(actor: Actor, slot: UUID) -> ClassCard | None:
    """The class of an hour that is on, waited for or otherwise today's, or None when the actor may see none."""
    return next(iter(cards_today(actor, only=Q(id=slot))), None)


def slots_visible(actor: Actor) -> QuerySet[Slot]:
    """The timetable as the actor may see it."""
    return _cut(Slot.objects.filter(state=Slot.State.ACTIVE), actor)


def classes_visible(actor: Actor) -> QuerySet[LiveClass]:
    return _cut(LiveClass.objects.all(), actor, branch="slot__branch")


def class_get(actor: Actor, class_id: UUID) -> LiveClass:
    """One visible class. Raises NotFound."""
    return found(classes_visible(actor), id=class_id)


def presences_of(actor: Actor, class_id: UUID) -> QuerySet[Presence]:
    """Who is or was in a visible class."""
    return Presence.objects.filter(live_class=class_get(actor, class_id))


def chat_of(actor: Actor, class_id: UUID) -> QuerySet[ChatMessage]:
    """What was said in a visible class."""
    return ChatMessage.objects.filter(live_class=class_get(actor, class_id))


def room_people(live_class: LiveClass) -> list[Presence]:
    """Who is in a class now: the teacher first, then raised hands by their time, then the others by name."""
    rows = list(Presence.objects.filter(here_now(), live_class=live_class).order_by("name")[:A_ROOM])
    return sorted(rows, key=lambda row: (row.part == Part.MEMBER, row.hand_at is None, row.hand_at or row.joined_at))


def removed_from(live_class: LiveClass) -> list[Presence]:
    """Who was taken out of a class and not asked back."""
    rows = Presence.objects.filter(live_class=live_class, is_removed=True)
    return list(rows.order_by("user", "student", "-left_at").distinct("user", "student"))


def stay_of(actor: Actor, live_class: LiveClass) -> Presence | None:
    """The actor's stay in a class, if they are in it."""
    return Presence.objects.filter(live_class=live_class, user=actor.user_id, left_at=None).first()


def was_removed(actor: Actor, class_id: UUID) -> bool:
    """Whether the teacher took the actor out and did not ask them back."""
    return Presence.objects.filter(live_class=class_id, user=actor.user_id, is_removed=True).exists()


def attendance_of(live_class: LiveClass) -> list[Attended]:
    """Who was in a class that is over, and for how long in all, by name."""
    people: dict[tuple[UUID, UUID | None], Attended] = {}
    for stay in Presence.objects.filter(live_class=live_class, part=Part.MEMBER).order_by("name", "joined_at"):
        one = people.setdefault((stay.user_id, stay.student_id), Attended(stay.name, stay.joined_at))
        one.seconds += int(((stay.left_at or stay.joined_at) - stay.joined_at).total_seconds())
    return list(people.values())


def video_account() -> VideoAccount | None:
    """The business's own account with a provider of video, when one is in use. Its secret stays sealed."""
    return VideoAccount.objects.filter(is_used=True).first()


def teachers() -> list[tuple[UUID, str]]:
    """Who can be given an hour: active teachers, by name."""
    return list(accounts.users_with_role("teacher").order_by("name", "id").values_list("id", "name"))


def is_in(actor: Actor, class_id: UUID) -> bool:
    """Whether the actor is in the class at this moment."""
    return Presence.objects.filter(live_class=class_id, user=actor.user_id, left_at=None).exists()


def _card(actor: Actor, slot: Slot, starts_at: datetime, ends_at: datetime, held: LiveClass | None) -> ClassCard:
    facts: Slot | LiveClass = held or slot
    holds = facts.teacher_id == actor.user_id or bool({"owner", "manager"} & set(actor.roles))
    return ClassCard(
        slot=slot.id,
        live_class=held.id if held else None,
        subject=facts.subject,
        grade=facts.grade,
        board=facts.board,
        teacher=facts.teacher_id,
        teacher_name=facts.teacher.name,
        room=slot.room,
        branch=slot.branch.name if slot.branch else "",
        starts_at=starts_at,
        ends_at=ends_at,
        state=held.state if held else _waiting(starts_at, ends_at),
        count=getattr(held, "people", 0),
        note=held.note if held else "",
        may_join=actor.can("classes.join") and (actor.kind == "student" or holds),
        may_hold=actor.can("classes.start") and holds,
    )


def _waiting(starts_at: datetime, ends_at: datetime) -> str:
    """How a class stands that nobody has started."""
    moment = clock.now()
    if moment >= ends_at:
        return "missed"
    return "lobby" if moment >= starts_at - LOBBY else "scheduled"


def _cut(rows: QuerySet, actor: Actor, branch: str = "branch") -> QuerySet:
    if actor.kind == "student":
        mine = people.students_visible(actor)
        if actor.student is not None:
            mine = mine.filter(id=actor.student)
        cohorts = Q(pk__in=[])
        for grade, board in mine.filter(state="active").values_list("grade", "board").distinct():
            cohorts |= Q(grade=grade, board=board)
        return rows.filter(cohorts)
    if _LEADS.isdisjoint(actor.roles):
        return rows.filter(teacher=actor.user_id)
    if actor.branches is not None:
        # What stands at no branch is everybody's.
        return rows.filter(Q((f"{branch}__in", actor.branches)) | Q((f"{branch}__isnull", True)))
    return rows
