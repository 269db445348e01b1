"""Addresses of people on a tenant's host."""

from django.urls import path

from tenant_apps.people import api, api_imports
from tenant_apps.people import pages as views

urlpatterns = [
    path("branches", api.Branches.as_view(), name="people_branches"),
    path("branches/<uuid:branch>", api.BranchDetail.as_view(), name="people_branch"),
    path("students", api.Students.as_view(), name="people_students"),
    path("students/bulk-import", api_imports.Imports.as_view(), name="people_imports"),
    path("students/bulk-import/<uuid:student_import>", api_imports.ImportDetail.as_view(), name="people_import"),
    path(
        "students/bulk-import/<uuid:student_import>/errors",
        api_imports.ImportErrors.as_view(),
        name="people_import_errors",
    ),
    path(
        "students/bulk-import/<uuid:student_import>/undo", api_imports.ImportUndo.as_view(), name="people_import_undo"
    ),
    path("students/<uuid:student>", api.StudentDetail.as_view(), name="people_student"),
    path("students/<uuid:student>/suspend", api.StudentSuspend.as_view(), name="people_student_suspend"),
    path("students/<uuid:student>/reactivate", api.StudentReactivate.as_view(), name="people_student_reactivate"),
    path("students/<uuid:student>/guardians", api.Guardians.as_view(), name="people_guardians"),
    path("students/<uuid:student>/guardians/<uuid:access>", api.GuardianDetail.as_view(), name="people_guardian"),
]
pages = [path("students", views.Students.as_view(), name="page_students")]
