"""Whether the machine is well: queues and their age, gateways, database, Redis, storage. Asked anew every ten seconds."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kernel import clock
from kernel.http.pages import PageRequest, PageView
from kernel.jobs import selectors as queue
from kernel.observe import checks
from kernel.tenancy.fleet import registry
from shared_apps.console import words
from shared_apps.files import services as files
from shared_apps.payments import selectors as payments


class Health(PageView):
    """The whole page, or with htmx the same: what has not been heard for a minute turns grey by itself."""

    permission = {"GET": "jobs.view"}

    def get(self, request: PageRequest) -> HttpResponse:
        lines = queue.queue_lines()
        told = {
            "checks": [
                ("PostgreSQL", checks.database()),
                ("Redis", checks.redis()),
                (_("Storage"), files.storage_state()),
            ],
            "lines": list(zip(words.PRIORITIES, lines, strict=True)),
            "due": sum(one.due for one in lines),
            "running": sum(one.running for one in lines),
            "oldest": min((one.oldest for one in lines if one.oldest), default=None),
            "last_done": queue.last_done(),
            "failed": queue.dead_letters().count(),
            "gateways": payments.accounts_health().order_by("gateway"),
            "faults": registry.faults(),
            "now": clock.now(),
        }
        return render(request, "console/health.html", told)
