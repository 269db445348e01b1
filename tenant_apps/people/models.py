"""Owns the places of a business, the people it teaches, and who may act for them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from kernel import clock
from kernel.ids import uuid7


class Branch(models.Model):
    """A place: an academy's centre or a study library. Libraries add halls and seats to it."""

    class Kind(models.TextChoices):
        ACADEMY = "academy"
        LIBRARY = "library"

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"
        MAINTENANCE = "maintenance"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=8, unique=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    city = models.CharField(max_length=80, default="")
    address = models.CharField(max_length=240, default="")
    state = models.CharField(max_length=11, choices=State.choices, default=State.OPEN)
    # How its students' codes read; {BRANCH}, {YY}, {YYYY} and one {SEQ} or {SEQ:digits}.
    code_pattern = models.CharField(max_length=60, default="{BRANCH}-{YY}-{SEQ:4}")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_branch_code_shape", condition=Q(code__regex=r"^[A-Z0-9]{2,8}$")),
            models.CheckConstraint(name="people_branch_kind_known", condition=Q(kind__in=["academy", "library"])),
            models.CheckConstraint(
                name="people_branch_state_known", condition=Q(state__in=["open", "closed", "maintenance"])
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CodeSeries(models.Model):
    """The last number given under one rendered pattern, so that racing admissions never share a code."""

    prefix = models.CharField(max_length=80, primary_key=True)
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.prefix


class StudentImport(models.Model):
    """One CSV file on its way into students, with the checkpoint it resumes from.

    A page begins it as a draft, whose columns are looked at, has it read without writing, and then carries out what
    was seen as a second import, whose `rehearsal` the first is; the API begins where it likes.

    `offset` is the byte after the last row whose batch is committed and `row` that row's number (the heading
    is row 1); both move in the same transaction as the rows they stand for.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"
        UNDONE = "undone"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The uploaded file and the file of row errors, both owned by the files app of this schema and named by value.
    file_id = models.UUIDField()
    errors_file_id = models.UUIDField(null=True)
    file_name = models.CharField(max_length=200)
    branch = models.ForeignKey(Branch, null=True, on_delete=models.PROTECT, related_name="+")
    # Started by staff of one branch: a row may name no other.
    is_branch_fixed = models.BooleanField(default=False)
    columns = models.JSONField(default=dict)
    is_dry_run = models.BooleanField(default=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.QUEUED)
    reason = models.CharField(max_length=200, default="")
    rows = models.PositiveIntegerField(default=0)
    row = models.PositiveIntegerField(default=1)
    offset = models.PositiveBigIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    # Of the refused: who is a student already, so that nothing is to be done.
    skipped = models.PositiveIntegerField(default=0)
    rehearsal = models.OneToOneField("self", null=True, on_delete=models.SET_NULL, related_name="carried_out")
    # Who carries it out; a worker that finds another's mark here has lost it and leaves.
    runner = models.UUIDField(null=True)
    started_by = models.UUIDField(null=True)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="people_import_state_known",
                condition=Q(state__in=["draft", "queued", "running", "done", "failed", "stopped", "undone"]),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class RefusedRow(models.Model):
    """Why one row of a file was refused: the number as a spreadsheet shows it, the column, and what to do."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    student_import = models.ForeignKey(StudentImport, on_delete=models.CASCADE, related_name="refused_rows")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=40)
    code = models.CharField(max_length=60)
    action = models.CharField(max_length=240)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["student_import", "row"], name="people_refused_row_once"),
        ]

    def __str__(self) -> str:
        return f"{self.row}: {self.code}"


class Student(models.Model):
    """Who is taught. Signs in through `Access`; siblings may share a parent's phone."""

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        LEFT = "left"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=16, default="")
    email = models.EmailField(max_length=254, default="")
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="students")
    state = models.CharField(max_length=9, choices=State.choices, default=State.ACTIVE)
    grade = models.CharField(max_length=20, default="")
    board = models.CharField(max_length=20, default="")
    guardian_name = models.CharField(max_length=120, default="")
    guardian_phone = models.CharField(max_length=16, default="")
    guardian_relation = models.CharField(max_length=8, default="guardian")
    joined_on = models.DateField()
    tags = ArrayField(models.CharField(max_length=40), default=list)
    imported = models.ForeignKey(StudentImport, null=True, on_delete=models.SET_NULL, related_name="students")
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["branch", "state"], name="people_student_branch_state"),
            models.Index(fields=["phone"], name="people_student_phone"),
            models.Index(fields=["guardian_phone"], name="people_student_guardian"),
        ]
        constraints = [
            # Siblings share phones, so a person is a name at a phone: the same file twice makes nobody twice.
            models.UniqueConstraint(
                "phone", "guardian_phone", Lower("name"), name="people_student_once", condition=~Q(state="left")
            ),
            models.CheckConstraint(name="people_student_reachable", condition=~Q(phone="", guardian_phone="")),
            models.CheckConstraint(
                name="people_student_state_known", condition=Q(state__in=["active", "suspended", "left"])
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Access(models.Model):
    """That a signed-in user may act for a student, and as whom."""

    class Relation(models.TextChoices):
        SELF = "self"
        MOTHER = "mother"
        FATHER = "father"
        GUARDIAN = "guardian"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="accesses")
    relation = models.CharField(max_length=8, choices=Relation.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "student"], name="people_access_once"),
            models.CheckConstraint(
                name="people_access_relation_known",
                condition=Q(relation__in=["self", "mother", "father", "guardian"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.relation} of {self.student_id}"


class SavedView(models.Model):
    """A search of students someone goes back to: its name and what stands in the address. `place` bounds how many."""

    PLACES = 20

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400)
    place = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("user", Lower("name"), name="people_view_named_once"),
            models.UniqueConstraint(fields=["user", "place"], name="people_view_place_once"),
            models.CheckConstraint(name="people_view_place", condition=Q(place__gte=1, place__lte=20)),
        ]

    def __str__(self) -> str:
        return self.name
