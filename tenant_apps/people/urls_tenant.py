"""Addresses of people on a tenant's host."""

from django.urls import path

from tenant_apps.people import api, api_imports, pages_branches, pages_staff
from tenant_apps.people.pages import imports, student, students

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
pages = [
    path("students", students.Students.as_view(), name="page_students"),
    path("students/bulk", students.Bulk.as_view(), name="page_students_bulk"),
    path("students/views", students.Views.as_view(), name="page_students_views"),
    path("students/views/<uuid:view>/delete", students.ViewDelete.as_view(), name="page_students_view_delete"),
    path("students/export", students.Export.as_view(), name="page_students_export"),
    path("students/export/<uuid:work>", students.ExportFile.as_view(), name="page_export"),
    path("students/new", student.NewStudent.as_view(), name="page_student_new"),
    path("students/import", imports.Imports.as_view(), name="page_imports"),
    path("students/import/template", imports.Template.as_view(), name="page_import_template"),
    path("students/import/<uuid:student_import>", imports.ImportPage.as_view(), name="page_import"),
    path("students/import/<uuid:student_import>/check", imports.Check.as_view(), name="page_import_check"),
    path("students/import/<uuid:student_import>/run", imports.CarryOut.as_view(), name="page_import_run"),
    path("students/import/<uuid:student_import>/revise", imports.Revise.as_view(), name="page_import_revise"),
    path("students/import/<uuid:student_import>/discard", imports.Discard.as_view(), name="page_import_discard"),
    path("students/import/<uuid:student_import>/undo", imports.Undo.as_view(), name="page_import_undo"),
    path("students/import/<uuid:student_import>/errors", imports.ErrorsFile.as_view(), name="page_import_errors"),
    path("students/<uuid:student>", student.StudentPage.as_view(), name="page_student"),
    path("students/<uuid:student>/edit", student.EditStudent.as_view(), name="page_student_edit"),
    path("students/<uuid:student>/suspend", student.Suspend.as_view(), name="page_student_suspend"),
    path("students/<uuid:student>/reactivate", student.Reactivate.as_view(), name="page_student_reactivate"),
    path("students/<uuid:student>/remove", student.Remove.as_view(), name="page_student_remove"),
    path("students/<uuid:student>/guardians", student.Guardians.as_view(), name="page_guardians"),
    path(
        "students/<uuid:student>/guardians/<uuid:access>/remove",
        student.GuardianRemove.as_view(),
        name="page_guardian_remove",
    ),
]
pages += [
    path("settings/staff", pages_staff.Staff.as_view(), name="page_staff"),
    path("settings/staff/invite", pages_staff.Invite.as_view(), name="page_member_invite"),
    path("settings/staff/<uuid:user>", pages_staff.Member.as_view(), name="page_member"),
    path("settings/staff/<uuid:user>/state", pages_staff.MemberState.as_view(), name="page_member_state"),
    path("settings/branches", pages_branches.Branches.as_view(), name="page_branches"),
    path("settings/branches/<uuid:branch>", pages_branches.BranchChange.as_view(), name="page_branch"),
    path("settings/roles", pages_staff.Roles.as_view(), name="page_roles"),
]
