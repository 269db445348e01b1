"""Where tables live: keys stay inside a schema, apps of every schema are in both lists, tenants' keys are made by us."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.apps.registry import Apps
from django.conf import settings
from django.db import models

from kernel.ids import uuid7

EVERY_SCHEMA = {
    *("kernel.quotas", "kernel.jobs.progress", "kernel.idempotency", "kernel.audit"),
    *(
        "shared_apps.files",
        "shared_apps.organisation",
        "shared_apps.accounts",
        "shared_apps.ledger",
        "shared_apps.payments",
        "shared_apps.messaging",
    ),
}
OURS = ("kernel.", "shared_apps.", "tenant_apps.")
Model = type[models.Model]


def schemas_of(model: Model) -> set[str]:
    """Where the model's table stands: the operator's schema, the tenants' schemas, or both."""
    name = apps.get_app_config(model._meta.app_label).name
    lists = {"public": settings.SHARED_APPS, "tenant": settings.TENANT_APPS}
    return {schema for schema, listed in lists.items() if name in listed}


def leaving(some: Iterable[Model]) -> Iterator[str]:
    """Keys to a table that is missing from a schema the key stands in."""
    for model in some:
        for field in model._meta.get_fields():
            target = field.related_model
            if field.concrete and isinstance(target, type) and not schemas_of(model) <= schemas_of(target):
                yield f"{model._meta.label}.{field.name} -> {target._meta.label}"


def counted(some: Iterable[Model]) -> Iterator[str]:
    """Tenants' tables whose key is a number the database counts, which means something else in the next schema."""
    for model in some:
        key = model._meta.pk
        if "tenant" in schemas_of(model) and isinstance(key, models.AutoField | models.BigAutoField):
            yield model._meta.label
        if (
            "tenant" in schemas_of(model)
            and isinstance(key, models.UUIDField)
            and key.default not in {uuid7, models.NOT_PROVIDED}
        ):
            yield model._meta.label


def misplaced(shared: list[str], tenant: list[str]) -> set[str]:
    """Our apps that are in one list and belong in both, or the other way round."""
    both = {name for name in shared if name in tenant}
    return {name for name in both ^ EVERY_SCHEMA if name.startswith(OURS)}


def ours() -> list[Model]:
    return [model for model in apps.get_models() if apps.get_app_config(model._meta.app_label).name.startswith(OURS)]


def planted(app_label: str, **fields: models.Field) -> Model:
    """A model of that app which the product's registry does not know."""
    meta = type("Meta", (), {"apps": Apps(), "app_label": app_label})
    return type("Planted", (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


def test_no_key_leaves_a_schema() -> None:
    assert list(leaving(ours())) == []
    assert len(ours()) > 30


def test_a_key_that_leaves_is_seen() -> None:
    key = {"on_delete": models.PROTECT, "related_name": "+"}
    outward = planted("people", tenant=models.ForeignKey(apps.get_model("tenants.Tenant"), **key))
    upward = planted("accounts", student=models.OneToOneField(apps.get_model("people.Student"), **key))
    inside = planted("people", user=models.ForeignKey(apps.get_model("accounts.User"), **key))
    assert list(leaving([outward, upward, inside])) == [
        "people.Planted.tenant -> tenants.Tenant",
        "accounts.Planted.student -> people.Student",
    ]


def test_tenants_keys_are_uuid7() -> None:
    assert list(counted(ours())) == []
    numbered = planted("people", id=models.BigAutoField(primary_key=True))
    assert list(counted([numbered])) == ["people.Planted"]


def test_apps_of_every_schema_are_in_both_lists() -> None:
    assert misplaced(settings.SHARED_APPS, settings.TENANT_APPS) == set()
    assert set(settings.INSTALLED_APPS) == {*settings.SHARED_APPS, *settings.TENANT_APPS}


def test_an_app_missing_from_a_list_is_seen() -> None:
    without = [name for name in settings.TENANT_APPS if name != "kernel.audit"]
    assert misplaced(settings.SHARED_APPS, without) == {"kernel.audit"}
    assert misplaced([*settings.SHARED_APPS, "tenant_apps.people"], settings.TENANT_APPS) == {"tenant_apps.people"}


def test_every_app_of_ours_has_its_place() -> None:
    assert all(schemas_of(model) for model in ours())
