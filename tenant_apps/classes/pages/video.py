"""At whose account the video of classes is: the plan's, or the business's own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.http.forms import form_page, refuse
from kernel.http.pages import PageRequest, PageView
from tenant_apps.classes import selectors, services
from tenant_apps.classes.forms import VideoForm


class Video(PageView):
    """The owner chooses; what was written as a secret is not shown again."""

    permission = {"GET": "classes.video", "POST": "classes.video"}

    def get(self, request: PageRequest) -> HttpResponse:
        account = selectors.video_account()
        facts = {"provider": account.provider, "app_id": account.app_id, "domain": account.domain} if account else {}
        return self._shown(request, VideoForm(initial=facts))

    def post(self, request: PageRequest) -> HttpResponse:
        form = VideoForm(request.POST)
        if not form.is_valid():
            return self._shown(request, form)
        try:
            if form.cleaned_data["provider"]:
                services.video_set(**form.cleaned_data)
            else:
                services.video_unset()
        except DomainError as error:
            refuse(form, error)
            return self._shown(request, form)
        messages.success(request, _("Classes started from now on are held there."))
        return redirect("page_class_video")

    @staticmethod
    def _shown(request: PageRequest, form: VideoForm) -> HttpResponse:
        told = {"account": selectors.video_account()}
        return form_page(request, "classes/video.html", form, told)
