"""Tenants and hosts, in the public schema."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django_tenants.models import DomainMixin, TenantMixin

from kernel.ids import public_id, uuid7
from kernel.tenancy import Business
from kernel.tenancy.roles import tenant_role


class Tenant(TenantMixin):
    """An academy, a study library, or both. `schema_name` is empty until provisioning has taken a schema for it."""

    class Kind(models.TextChoices):
        ACADEMY = "academy"
        LIBRARY = "library"
        BOTH = "both"

    class State(models.TextChoices):
        REQUESTED = "requested"
        PROVISIONING = "provisioning"
        TRIAL = "trial"
        ACTIVE = "active"
        PAST_DUE = "past_due"
        SUSPENDED = "suspended"
        OFFBOARDING = "offboarding"
        DELETED = "deleted"

    # Schemas are made and dropped by kernel.tenancy alone, never by saving a row.
    auto_create_schema = False
    auto_drop_schema = False
    domain_url = None

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    public_id = models.CharField(max_length=12, unique=True, default=public_id, editable=False)
    schema_name = models.CharField(max_length=63, unique=True, null=True, blank=True)
    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=48)
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.REQUESTED)
    plan = models.CharField(max_length=32)
    owner_name = models.CharField(max_length=120)
    owner_email = models.EmailField()
    owner_phone = models.CharField(max_length=16)
    zone = models.CharField(max_length=64, default="Asia/Kolkata")
    language = models.CharField(max_length=2, default="en")
    # How it looks to its people: a colour as six hexadecimal digits, and one of its own files, by value.
    brand = models.CharField(max_length=6, blank=True, default="")
    logo = models.UUIDField(null=True, blank=True)
    state_reason = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Of a tenant that is gone, its host keeps the name closed for a year.
            models.UniqueConstraint(fields=["slug"], condition=~Q(state="deleted"), name="tenants_tenant_slug_once"),
            models.CheckConstraint(
                name="tenants_tenant_slug_well_formed", condition=Q(slug__regex=r"^[a-z][a-z0-9-]{1,46}[a-z0-9]$")
            ),
            models.CheckConstraint(
                name="tenants_tenant_served_has_schema",
                condition=Q(state__in=["requested", "provisioning", "deleted"]) | Q(schema_name__isnull=False),
            ),
            models.CheckConstraint(name="tenants_tenant_brand", condition=Q(brand__regex=r"^([0-9a-f]{6})?$")),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="tenants_by_state")]

    def __str__(self) -> str:
        return self.slug

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The row and nothing else: what the mixin adds makes and compares schemas."""
        super(TenantMixin, self).save(*args, **kwargs)

    def business(self) -> Business:
        """The frozen value the kernel knows this tenant by; with its schema's version where the look-up read it."""
        schema = self.schema_name or ""
        return Business(
            schema=schema,
            role=tenant_role(schema),
            public_id=self.public_id,
            id=self.id,
            slug=self.slug,
            name=self.name,
            kind=self.kind,
            state=self.state,
            zone=self.zone,
            language=self.language,
            brand=self.brand,
            logo=str(self.logo or ""),
            fingerprint=getattr(self, "fingerprint", None) or "",
        )


class Host(DomainMixin):
    """A name a tenant answers at. The permanent one is made from its public id and never released."""

    class Kind(models.TextChoices):
        PERMANENT = "permanent"
        SLUG = "slug"
        CUSTOM = "custom"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    domain = models.CharField(max_length=253)
    kind = models.CharField(max_length=10, choices=Kind)
    tenant = models.ForeignKey(Tenant, related_name="hosts", on_delete=models.CASCADE)
    # When the tenant gave the name up; it is closed for a year from then on.
    released_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("domain"), name="tenants_host_once")]

    def __str__(self) -> str:
        return self.domain


class CustomDomain(models.Model):
    """A name of its own that a tenant claims. Claims stand side by side; the one that is proven gets the host.

    waiting   claimed; the text that proves it was not found yet
    verified  proven, and the tenant's host from then on; its address leads elsewhere, as far as we see
    serving   proven, and it leads here
    released  given up, by a person or because the proof was gone for days

    `answer` is what the last look heard (`connectors.names.Heard`, or `other` for texts that are not ours, `taken`,
    `closed`); `leads_to` where the name leads if not here; `due_at` when to look next, null for not by itself.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        VERIFIED = "verified"
        SERVING = "serving"
        RELEASED = "released"

    PROVEN = (State.VERIFIED, State.SERVING)

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, related_name="custom_domains", on_delete=models.CASCADE)
    domain = models.CharField(max_length=253)
    token = models.CharField(max_length=32)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    answer = models.CharField(max_length=8, blank=True)
    leads_to = models.CharField(max_length=253, blank=True)
    claimed_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    released_because = models.CharField(max_length=8, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "domain"], name="tenants_domain_claimed_once"),
            models.UniqueConstraint(
                fields=["domain"], condition=Q(state__in=["verified", "serving"]), name="tenants_domain_proven_once"
            ),
            models.CheckConstraint(name="tenants_domain_lower", condition=Q(domain=Lower("domain"))),
            models.CheckConstraint(
                name="tenants_domain_state",
                condition=Q(state="waiting", verified_at=None, released_at=None)
                | Q(state__in=["verified", "serving"], verified_at__isnull=False, released_at=None)
                | Q(state="released", released_at__isnull=False),
            ),
            models.CheckConstraint(
                name="tenants_domain_warned_failing", condition=Q(warned_at=None) | Q(failing_since__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="tenants_domain_due"),
        ]

    def __str__(self) -> str:
        return self.domain


class Usage(models.Model):
    """How large a tenant is and when somebody last worked there, as measured lately in its own schema.

    `bytes` are its tables with their indexes and the files it keeps.
    """

    tenant = models.OneToOneField(Tenant, primary_key=True, related_name="usage", on_delete=models.CASCADE)
    students = models.PositiveIntegerField(default=0)
    staff = models.PositiveIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    active_at = models.DateTimeField(null=True)
    measured_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["measured_at"], name="tenants_usage_oldest")]

    def __str__(self) -> str:
        return str(self.tenant_id)
