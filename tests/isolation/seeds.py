"""What the home of the matrix holds, app by app, made through the services."""

import io
from collections.abc import Callable
from datetime import date, timedelta

from kernel import clock, inbox, quotas
from kernel.inbox import receive
from kernel.tenancy import platform_scope, tenant_scope
from shared_apps.accounts.models import OtpChallenge
from shared_apps.accounts.selectors import actor_by_token
from shared_apps.accounts.services import otp_send, password_link_send
from tests.isolation.world import PASSWORD, World, jobs_carry_out
from tests.support.otp import code_sent, links_sent
from tests.support.people import phone_make, signed_in, user_make

LIMITS = ("students", "libraries", "live_classes", "campaigns")


def limits_seed() -> None:
    quotas.set_limits({name: quotas.Limit(1_000, "canary-A") for name in LIMITS})


def accounts_seed(world: World) -> None:
    owner = world.client("owner", "owner", password=PASSWORD)
    world.client("teacher", "teacher")
    for name in ("manager_spare", "manager_going"):
        world.client(name, "manager")
    world.client("leaving_all", "teacher")
    for name in ("device", "device_page", "logout", "leaving", "refresh"):
        other = signed_in(world.home, user=owner.user)
        assert other.tokens
        world.clients[name] = other
        world.ids |= {name: str(other.tokens.sign_in), f"{name}_token": other.tokens.refresh}
    for name, role in (("host_ending", "teacher"), ("host_starting", "teacher")):
        world.keep(**{name: user_make(world.home, role=role, name=f"canary-A {name}")})
    # Somebody who asks for codes and links, apart from those others are signed in as.
    asker = user_make(world.home, role="teacher", name="canary-A asker", email="canary-a-asker@school.in")
    world.ids |= {"asker_phone": str(asker.phone), "asker_email": str(asker.email)}
    with tenant_scope(world.home):
        password_link_send(email=str(asker.email))
    (world.ids["asker_link"],) = links_sent(world.home, str(asker.email))
    world.ids |= {"phone_1": phone_make(), "phone_2": phone_make(), "cadence": "idempotency.purge", "problem": "none"}
    world.ids["icon_size"] = "192"
    assert owner.post("auth/login", {"email": "canary-a-owner@school.in", "password": "wrong"}).status_code == 401
    answer = owner.patch(f"users/{world.ids['manager_spare_user']}", {"name": "canary-A renamed"})
    assert answer.status_code == 200, answer.content


def people_seed(world: World) -> None:
    from tenant_apps.people import services
    from tenant_apps.people.drafts import draft_of
    from tenant_apps.people.models import Access

    with tenant_scope(world.home):
        for name, code, kind in (
            ("branch", "CANARYA", "academy"),
            ("library", "CANARYA2", "library"),
            ("branch_spare", "CANARYA3", "academy"),
            ("library_spare", "CANARYA4", "library"),
        ):
            world.keep(**{name: services.branch_create(name=f"canary-A {name}", code=code, kind=kind, city="canary-A")})
        branch = services.Branch.objects.get(id=world.ids["branch"])
        for name in ("student", "student_now", "student_in", "student_going", "student_asleep", "student_asking"):
            facts = {
                "name": f"canary-A {name}",
                "phone": phone_make(),
                "email": f"canary-a-{name}@school.in",
                "guardian_name": "canary-A parent",
                "guardian_phone": phone_make(),
                "grade": "11",
                "board": "CBSE",
            }
            student = services.student_create(draft=draft_of(facts), branch=branch)
            world.keep(**{name: student})
            world.ids[f"{name}_phone"] = student.phone
        services.student_suspend(student=world.uuid("student_asleep"))
        services.guardian_add(
            student=world.uuid("student"), name="canary-A uncle", phone=phone_make(), relation="guardian"
        )
        owner = world.clients["owner"].user
        assert owner
        world.keep(saved_view=services.view_save(user=owner.id, name="canary-A view", query="q=canary-A"))
        accesses = Access.objects.filter(student=world.uuid("student"))
        world.keep(access=accesses.exclude(relation="self").first())
        pupil = accesses.get(relation="self").user
        otp_send(address=world.ids["student_in_phone"])
        otp_send(address=world.ids["student_asleep_phone"])
        asleep = OtpChallenge.objects.filter(address=world.ids["student_asleep_phone"])
        asleep.update(expires_at=clock.now() - timedelta(hours=2))
    world.ids["code"] = code_sent(world.home, world.ids["student_in_phone"])
    world.clients["pupil"] = signed_in(world.home, "student", user=pupil, student=world.uuid("student"))
    world.keep(pupil_user=pupil)


def organisation_seed(world: World) -> None:
    from shared_apps.organisation import services

    with tenant_scope(world.home):
        services.profile_save(legal_name="canary-A Trust", address="canary-A Road", email="canary-a-office@school.in")


def files_seed(world: World) -> None:
    from shared_apps.files import services

    owner = world.clients["owner"].user
    assert owner
    body = b"canary-A,file\n"
    with tenant_scope(world.home):
        world.keep(
            file=services.put(name="canary-A.csv", body=io.BytesIO(body), content_type="text/csv", owner=owner.id)
        )
        announced = services.upload_announce(
            name="canary-A up.csv", content_type="text/csv", size=len(body), owner=owner.id
        )
        services.storage().put(announced.key, io.BytesIO(body), content_type="text/csv")
        world.keep(file_announced=announced)


def imports_seed(world: World) -> None:
    owner = world.clients["owner"]
    for number, name in enumerate(("import", "import_undone", "import_waiting")):
        sheet = f"name,phone\ncanary-A import {number},{phone_make()}\ncanary-A bad row,12\n".encode()
        with tenant_scope(world.home):
            from shared_apps.files import services

            assert owner.user
            kept = services.put(
                name="canary-A.csv", body=io.BytesIO(sheet), content_type="text/csv", owner=owner.user.id
            )
        world.keep(**{f"{name}_sheet": kept})
        body = {"file": str(kept.id), "branch": world.ids["branch"]}
        world.ids[name] = world.asked("owner", "students/bulk-import", body)["id"]
        if name != "import_waiting":
            jobs_carry_out(world.home, "people.import_run")


def libraries_seed(world: World) -> None:
    from tenant_apps.libraries import services

    here = clock.now() + timedelta(minutes=330)  # the business's wall clock: UTC+5:30
    begun = here - timedelta(hours=1)
    library = world.uuid("library")
    with tenant_scope(world.home):
        hall = services.hall_create(branch=library, name="canary-A hall")
        world.keep(hall=hall, hall_spare=services.hall_create(branch=library, name="canary-A spare"))
        places = [services.SeatAt(label=f"canary-A{n}", row=1, column=n) for n in range(1, 8)]
        for number, seat in enumerate(services.seats_add(hall=hall.id, seats=places), 1):
            world.keep(**{f"seat_{number}": seat})
        hours = {"shift": begun, "shift_spare": begun}
        for name, at in hours.items():
            shift = services.shift_create(
                branch=library,
                name=f"canary-A {name}",
                starts=at.time().replace(second=0, microsecond=0),
                ends=(at + timedelta(hours=4)).time().replace(second=0, microsecond=0),
                price_paise=45_000,
            )
            world.keep(**{name: shift})
    world.keep(seat=world.ids["seat_1"], seat_spare=world.ids["seat_7"])
    world.ids |= {"today": str(begun.date()), "tomorrow": str(begun.date() + timedelta(days=1))}
    world.ids["later"] = str(begun.date() + timedelta(days=2))
    world.ids |= {f"in_{n}_days": str(begun.date() + timedelta(days=n)) for n in (3, 4, 5)}


def bookings_seed(world: World) -> None:
    from tenant_apps.bookings import services
    from tenant_apps.bookings.passes import pass_code

    uuid = world.uuid
    with tenant_scope(world.home):
        for name, seat, student, day in (
            ("booking_now", "seat_1", "student_now", "today"),
            ("booking_in", "seat_2", "student_in", "today"),
            ("booking_held", "seat_3", "student_now", "tomorrow"),
            ("booking_cancelled", "seat_4", "student_in", "tomorrow"),
            ("booking", "seat_5", "student", "tomorrow"),
            ("booking_lapsing", "seat_6", "student", "later"),
            ("booking_leaving", "seat_6", "student", "in_3_days"),
            ("booking_moving", "seat_6", "student_in", "in_5_days"),
        ):
            held = services.booking_hold(
                seat=uuid(seat), shift=uuid("shift"), day=_day(world.ids[day]), student=uuid(student)
            )
            world.keep(**{name: held})
        for name in ("booking_now", "booking_in"):
            services.booking_confirm(booking=uuid(name), by_desk=True)
        services.booking_check_in(booking=uuid("booking_in"), ip=None, device="canary-A phone")
        world.ids |= {"pass": pass_code(uuid("booking_now")), "deed": "cancel"}
        services.Booking.objects.filter(id=uuid("booking_lapsing")).update(hold_until=clock.now())


def classes_seed(world: World) -> None:
    from tenant_apps.classes import services

    with tenant_scope(world.home):
        # An account that is not used any more: what is sealed opens at home only.
        services.video_set(provider="jitsi", app_id="canary-A", secret="s" * 40, domain="meet.example")
        services.video_unset()
    here = clock.now() + timedelta(minutes=330)
    hours = {"starts": here.strftime("%H:%M"), "ends": (here + timedelta(minutes=50)).strftime("%H:%M")}
    world.ids["another_weekday"] = str((here.weekday() + 2) % 7)
    world.ids["school_day"] = str(here.date())
    world.ids["called_off_day"] = str(here.date() + timedelta(days=5))
    for number, (name, teacher, weekday) in enumerate(
        (
            ("slot", "teacher_user", here.weekday()),
            ("slot_ending", "host_ending", here.weekday()),
            ("slot_starting", "host_starting", here.weekday()),
            ("slot_spare", "teacher_user", (here.weekday() + 3) % 7),
            ("slot_leaving", "teacher_user", (here.weekday() + 4) % 7),
            ("slot_called_off", "teacher_user", (here.weekday() + 5) % 7),
            ("slot_moving", "teacher_user", (here.weekday() + 6) % 7),
        )
    ):
        hour = {
            "subject": f"canary-A {name}",
            "grade": "11",
            "board": f"canary-A {number}" if number else "CBSE",
            "teacher": world.ids[teacher],
            "room": f"canary-A {number}",
            "weekday": str(weekday),
            **hours,
        }
        world.ids[name] = world.asked("owner", "timetable", hour)["id"]
    for name, slot in (("class", "slot"), ("class_ending", "slot_ending")):
        world.ids[name] = world.asked("owner", "classes/start", {"slot": world.ids[slot]})["id"]
    for who in ("teacher", "pupil", "owner"):
        world.asked(who, f"classes/{world.ids['class']}/join", None)
    with tenant_scope(world.home):
        speaker = actor_by_token(world.clients["teacher"].token)
        live = services.LiveClass.objects.get(id=world.ids["class"])
        # One that nobody ended in its time.
        long_ago = clock.now() - timedelta(hours=5)
        late = services.LiveClass.objects.filter(id=world.ids["class_ending"])
        late.update(started_at=long_ago, starts_at=long_ago, ends_at=long_ago + timedelta(hours=1))
        services.chat_say(actor=speaker, live_class=live, text="canary-A says good morning", key="canary-A")
        world.keep(stay_pupil=live.presences.get(part="member"))


def messaging_seed(world: World) -> None:
    from shared_apps.messaging import services
    from shared_apps.messaging.models import Template

    owner = world.clients["owner"].user
    assert owner
    with tenant_scope(world.home):
        services.templates_seed()
        template = Template.objects.get(name="welcome", channel="email", language="en")
        services.template_change(template_id=template.id, text="canary-A greets {name}", subject="canary-A")
        world.keep(template=template)
        services.message_queue(
            template="welcome", to="canary-a@school.in", channel="email", key="canary-A 0", values={"name": "canary-A"}
        )
    jobs_carry_out(world.home, "messaging.send")
    with tenant_scope(world.home):
        sms = services.message_queue(template="welcome", to=phone_make(), key="canary-A 1", values={"name": "canary-A"})
        mail = services.message_queue(
            template="welcome", to="canary-a@school.in", channel="email", key="canary-A 2", values={"name": "canary-A"}
        )
        world.keep(message_sms=sms, message_mail=mail)
        services.notification_send(users=[owner.id], title="canary-A news", text="canary-A")
        world.keep(notification=services.notices.Notification.objects.get(user=owner.id))


def campaigns_seed(world: World) -> None:
    from tenant_apps.campaigns import services

    with tenant_scope(world.home):
        for name in ("campaign", "campaign_sent", "campaign_sending"):
            campaign = services.campaign_create(
                name=f"canary-A {name}", template="welcome", branch=world.uuid("branch")
            )
            world.keep(**{name: campaign})
        services.campaign_send(campaign=world.uuid("campaign_sending"))


def callbacks_seed(world: World) -> None:
    """Callbacks are the operator's rows, so each business has one of its own, told apart by ids."""
    for letter, business in (("A", world.home), ("B", world.away)):
        for name in ("", "_replayed"):
            source = inbox.sources.sources()["messages/webhook/msg91"]
            arrival = receive.Arrival(
                business, source, {"x-canary": f"canary-{letter}"}, f"canary-{letter}{name}".encode()
            )
            (job,) = receive._store([(arrival, inbox.accepted(f"canary-{letter}{name}", f"canary-{letter}"))])
            world.keep(**{f"callback{name}_{letter}": job})
    jobs_carry_out(world.home, "messaging.reports_receive")


def domains_seed(world: World) -> None:
    """Claims are the operator's rows too."""
    from shared_apps.tenants import services

    with tenant_scope(world.home):
        quotas.set_limits({"custom_domain": quotas.Limit(1)})
    for letter, business in (("A", world.home), ("B", world.away)):
        for name in ("", "_page", "_going", "_operator", "_console"):
            domain = f"{name.strip('_') or 'www'}.canary-{letter}-{business.public_id}.in"
            with platform_scope():
                world.keep(**{f"domain{name}_{letter}": services.domain_claim(tenant=business.id, domain=domain)})


def _day(text: str) -> date:
    return date.fromisoformat(text)


SEEDS: tuple[Callable[[World], None], ...] = (
    accounts_seed,
    organisation_seed,
    people_seed,
    files_seed,
    imports_seed,
    libraries_seed,
    bookings_seed,
    classes_seed,
    messaging_seed,
    campaigns_seed,
    callbacks_seed,
    domains_seed,
)
