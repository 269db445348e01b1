"""Files, on both kinds of host."""

from django.urls import path

from . import api

urlpatterns = [
    path("files", api.Files.as_view(), name="files_list"),
    path("files/presign", api.Presign.as_view(), name="files_presign"),
    path("files/<uuid:file_id>", api.OneFile.as_view(), name="files_read"),
    path("files/<uuid:file_id>/complete", api.Complete.as_view(), name="files_complete"),
]
