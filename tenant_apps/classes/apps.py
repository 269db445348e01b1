from django.apps import AppConfig


class ClassesConfig(AppConfig):
    name = "tenant_apps.classes"
    label = "classes"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from shared_apps.organisation import setup
        from tenant_apps.classes import on_student
        from tenant_apps.classes.models import LiveClass, Slot

        on_student.register_part()
        setup.register(
            "timetable",
            title=_("Plan your week"),
            text=_("Who teaches what, when and where; clashes are told at once."),
            icon="calendar-days",
            page="page_timetable",
            permission="classes.schedule",
            position=35,
            done=Slot.objects.all,
            of="academy",
        )
        setup.register(
            "class",
            title=_("Hold your first class"),
            text=_("Open it, and your students join from their phones."),
            icon="video",
            page="page_classes",
            permission="classes.start",
            position=80,
            done=LiveClass.objects.all,
            of="academy",
        )
