"""The operator's own host."""

from django.urls import include, path

from config.urls import served

urlpatterns = [path("", include("kernel.observe.urls")), *served("platform"), path("", include("kernel.http.urls"))]

handler400 = "kernel.http.problems.bad_request"
handler403 = "kernel.http.problems.forbidden"
handler404 = "kernel.http.problems.not_found"
handler500 = "kernel.http.problems.internal"
