"""A business with staff, gateways, messages in every state, campaigns and credits, for pages that show them."""

from dataclasses import dataclass
from datetime import timedelta

from kernel import clock, quotas
from kernel.ids import uuid7
from kernel.tenancy import Business, platform_scope, tenant_scope
from shared_apps.accounts.services import RoleHeld, staff_invite
from shared_apps.credits import services as credits
from shared_apps.messaging import services as messaging
from shared_apps.messaging.models import Batch, Message, Template
from shared_apps.payments import services as payments
from shared_apps.plans.services import plans_ensure
from tenant_apps.campaigns import services as campaigns
from tenant_apps.campaigns.models import Campaign
from tenant_apps.people.models import Branch, Student
from tests.support.factories.people import branch_make, student_make
from tests.support.people import email_make, user_make
from tests.support.tenants import tenant_make

FATES = (
    *[("delivered", "", "")] * 6,
    ("sent", "", ""),
    ("failed", "credits.short", "There are not enough message credits"),
    ("failed", "vendor.report_606", "Entity blocked"),
    ("unknown", "vendor.unknown", "read timed out"),
    ("pending", "", ""),
)
STUDENTS = ("Ananya Iyer", "Rohit Deshmukh", "Fatima Shaikh", "Mohammad Irfan Abdul Rahman Siddiqui", "Simran Kaur")


@dataclass(frozen=True)
class Office:
    """The business with some of what is in it."""

    business: Business
    branch: Branch
    students: list[Student]
    messages: list[Message]
    draft: Campaign
    sent: Campaign
    gateway: str
    order: str


def office_make(*, kind: str = "academy") -> Office:
    business = tenant_make(kind=kind)
    with platform_scope():
        plans_ensure()
        credits.defaults_ensure()
        credits.vendor_purchase(vendor="msg91", channel="sms", units=5_000, key=str(uuid7()))
        credits.allocate(business=business, channel="sms", units=3_180, key=str(uuid7()))
        order = credits.order_place(business=business, channel="sms", units=1_000, key=str(uuid7()))
    branch = branch_make(business, name="Kothrud", code="KOT", city="Pune", kind="academy")
    branch_make(business, name="Chhatrapati Sambhajinagar, near the old bus stand", code="CSN", city="Aurangabad")
    students = [student_make(business, branch, name=name, grade="XI", board="CBSE") for name in STUDENTS]
    user_make(business, role="teacher", name="R. Sharma")
    user_make(business, role="front_desk", branch=branch.id, name="Priya Kulkarni")
    user_make(business, role="accountant", name="Karthik Venkataraghavan Subramanian")
    with tenant_scope(business):
        quotas.set_limits({name: quotas.Limit(20_000) for name in ("campaigns", "students", "libraries", "staff")})
        staff_invite(email=email_make(), name="Neha Gupta", roles=[RoleHeld("manager")])
        live = payments.account_save(
            gateway="razorpay", environment="production", key_id="rzp_live_9f3kQ81ma2ZxYt", key_secret="not a real one",
            webhook_secret="nor this",
        )  # fmt: skip
        payments.account_save(
            gateway="cashfree", environment="sandbox", key_id="TEST1029384756abcdef", key_secret="not a real one"
        )
        messaging.templates_seed()
        sms = Template.objects.filter(channel="sms")
        sms.update(state="approved", vendor_template="65f0c0ffee", dlt_template="1207161234567890123", header="SHALA")
        sms.filter(name="class").update(state="draft", vendor_template="", dlt_template="")
        messages = _messages(students)
        draft = campaigns.campaign_create(
            name="Fees of December", template="reminder", language="en",
            values={"amount": "18500", "title": "December", "day": "5 Dec"},
        )  # fmt: skip
        sent = _sent(students)
    return Office(business, branch, students, messages, draft, sent, str(live.id), str(order.id))


def _messages(students: list[Student]) -> list[Message]:
    texts = [
        ("welcome", {"name": "Ananya"}),
        ("payment", {"amount": "18500", "receipt": "A/2026-27/000482"}),
        ("reminder", {"amount": "6500", "title": "November", "day": "30 Nov"}),
    ]
    made = []
    for at, (state, code, reason) in enumerate(FATES):
        template, values = texts[at % len(texts)]
        student = students[at % len(students)]
        language = "hi" if at % 4 == 3 else "en"
        row = messaging.message_queue(
            template=template, to=student.phone, key=f"shown:{at}", values=values, language=language
        )
        made.append(_fated(row, state, code, reason))
    return made


def _sent(students: list[Student]) -> Campaign:
    campaign = campaigns.campaign_create(name="Welcome to the new term", template="welcome", language="en")
    now = clock.now()
    Campaign.objects.filter(id=campaign.id).update(state="sent", recipients=len(students), started_at=now)
    for at, student in enumerate(students):
        row = messaging.message_queue(
            template="welcome", to=student.phone, key=f"{campaign.key}{student.phone}", values={"name": student.name},
            kind="marketing",
        )  # fmt: skip
        _fated(row, "failed" if at == 3 else "delivered", "credits.short" if at == 3 else "", "")
    campaign.refresh_from_db()
    return campaign


def _fated(row: Message, state: str, code: str, reason: str) -> Message:
    now = clock.now()
    if state != "pending":
        went = state in {"sent", "delivered", "unknown"}
        if went:
            row.batch = Batch.objects.create(
                channel="sms", vendor="msg91", state="accepted", units=row.units, created_at=now, settled_at=now,
                vendor_reference=str(uuid7()),
            )  # fmt: skip
            row.sending_at = row.sent_at = now - timedelta(minutes=2)
            row.vendor_reference = row.batch.vendor_reference
        row.state, row.code, row.reason, row.sealed, row.attempts = state, code, reason, "", 1
        row.delivered_at = now if state == "delivered" else None
        row.ended_at = now
        row.save()
    return row
