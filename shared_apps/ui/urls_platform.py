from django.urls import URLPattern, path

from shared_apps.ui import jobs, pages_search
from shared_apps.ui import pages as views

urlpatterns: list[URLPattern] = []
pages = [
    path("jobs/<uuid:work>", jobs.JobPage.as_view(), name="page_job"),
    path("jobs/<uuid:work>/cancel", jobs.JobCancel.as_view(), name="page_job_cancel"),
    path("preferences", views.Preferences.as_view(), name="page_preferences"),
    path("search", pages_search.Search.as_view(), name="page_search"),
    path("offline", views.Offline.as_view(), name="page_offline"),
    path("styleguide/", views.Styleguide.as_view(), name="page_styleguide"),
    path("styleguide/<slug:name>", views.Styleguide.as_view(), name="page_styleguide_problem"),
]
