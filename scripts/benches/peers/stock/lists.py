"""The peer's API: DRF's ModelSerializer and generic views with pages of fifty, signed in by a JWT."""

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import path
from rest_framework import generics, serializers

from tenant_apps.bookings.models import Booking
from tenant_apps.classes.models import LiveClass
from tenant_apps.libraries.models import Seat
from tenant_apps.people.models import Branch, Student


class BranchSerializer(serializers.ModelSerializer[Branch]):
    class Meta:
        model = Branch
        fields = ["id", "name", "code"]


class StudentSerializer(serializers.ModelSerializer[Student]):
    branch = BranchSerializer()

    class Meta:
        model = Student
        fields = [
            "id", "code", "name", "phone", "email", "branch", "state", "grade", "board", "guardian_name",
            "guardian_phone", "guardian_relation", "joined_on", "tags", "created_at", "updated_at",
        ]  # fmt: skip


class StudentList(generics.ListAPIView[Student]):
    queryset = Student.objects.select_related("branch").order_by("-id")
    serializer_class = StudentSerializer


class SeatSerializer(serializers.ModelSerializer[Seat]):
    state = serializers.SerializerMethodField()
    booking = serializers.UUIDField(allow_null=True)
    student = serializers.UUIDField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Seat
        fields = ["id", "label", "row", "column", "seat_class", "state", "until", "booking", "student"]

    def get_state(self, seat: Seat) -> str:
        booked = seat.booked  # type: ignore[attr-defined]
        if seat.state == "blocked":
            return "blocked"
        return "held" if booked == "held" else "taken" if booked else "free"


class SeatList(generics.ListAPIView[Seat]):
    serializer_class = SeatSerializer

    def get_queryset(self) -> QuerySet[Seat]:
        asked = self.request.query_params
        bookings = Booking.objects.filter(
            seat=OuterRef("id"), day=asked["day"], shift_id=asked["shift"], state__in=Booking.LIVE
        )
        return (
            Seat.objects.filter(hall_id=asked["hall"])
            .annotate(
                booking=Subquery(bookings.values("id")[:1]),
                booked=Subquery(bookings.values("state")[:1]),
                student=Subquery(bookings.values("student")[:1]),
                until=Subquery(bookings.values("during__endswith")[:1]),
            )
            .order_by("row", "column")
        )


class ClassSerializer(serializers.ModelSerializer[LiveClass]):
    teacher_name = serializers.CharField(source="teacher.name")

    class Meta:
        model = LiveClass
        fields = [
            "id", "slot", "title", "subject", "grade", "board", "teacher", "teacher_name", "state", "starts_at",
            "ends_at", "started_at", "ended_at", "chat_seq",
        ]  # fmt: skip


class ClassList(generics.ListAPIView[LiveClass]):
    queryset = LiveClass.objects.select_related("teacher").order_by("-id")
    serializer_class = ClassSerializer


urlpatterns = [
    path("api/v1/students", StudentList.as_view()),
    path("api/v1/bookings/availability", SeatList.as_view()),
    path("api/v1/classes", ClassList.as_view()),
]
