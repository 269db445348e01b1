from django.urls import URLPattern, path

from shared_apps.tenants import views

urlpatterns: list[URLPattern] = []
# Asked without a host of ours (`HOSTLESS_PATHS`), so it stands here once for all.
pages = [path("tls-ask", views.tls_ask, name="tenants_tls_ask")]
