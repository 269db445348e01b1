"""The peer's API: DRF's ModelSerializer and generic views with pages of fifty, signed in by a JWT."""

from django.urls import path
from rest_framework import generics, serializers

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


urlpatterns = [path("api/v1/students", StudentList.as_view())]
