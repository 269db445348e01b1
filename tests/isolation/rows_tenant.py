"""How each door of a tenant's host is tried. A door without a row fails the matrix, and so does a row without a door."""

from tests.isolation.doors import REFUSED, Row, Table
from tests.isolation.rows_office import OFFICE
from tests.isolation.rows_pages import PAGES
from tests.isolation.world import PASSWORD

_NEW = {"name": "canary-A new", "roles": [{"role": "teacher"}]}
_GUESSES = frozenset({"accounts_loginattempts"})
_CODES = frozenset({"accounts_otpchallenge", "accounts_otpcount", "public.jobs_job.business"})
# Each business answers about a number as about any other, and sends codes of its own.
_ALIKE = frozenset({200, 404, 429})

_MAP = {"hall": "{hall}", "shift": "{shift}", "day": "{tomorrow}"}

ROWS: Table = {
    **OFFICE,
    **PAGES,
    # kernel
    ("observe_healthz", "GET"): Row(shows=None, openly=True),
    ("observe_readyz", "GET"): Row(shows=None, openly=True),
    ("observe_metrics", "GET"): Row(shows=None, status=404),
    ("http_root", "GET"): Row(openly=True),
    ("http_health", "GET"): Row(shows=None, openly=True),
    ("http_schema", "GET"): Row(shows=None, openly=True),
    ("http_docs", "GET"): Row(shows=None, openly=True),
    ("http_nowhere", "GET"): Row(shows=None, status=404),
    ("jobs_schedules", "GET"): Row(shows=None),
    ("jobs_schedule_run", "POST"): Row(path={"name": "cadence"}, shows=None),
    ("jobs_show", "GET"): Row(path={"id": "import"}, shows=None),
    ("inbox_list", "GET"): Row(),
    ("inbox_show", "GET"): Row(path={"id": "callback_A"}),
    ("inbox_replay", "POST"): Row(path={"id": "callback_replayed_A"}, status=202, shows=None),
    # Nothing is believed without a secret, and what was refused is kept where it came.
    ("inbox_receive", "POST"): Row(
        path={"path": "messages/webhook/msg91"},
        body={"canary": "canary-A"},
        status=401,
        shows=None,
        writes=frozenset({"public.inbox.business"}),
    ),
    ("audit_logs", "GET"): Row(),
    # plans, credits
    ("plans_mine", "GET"): Row(shows="plan"),
    ("plans_usage", "GET"): Row(),
    ("credits_wallet", "GET"): Row(shows="units"),
    ("credits_ledger", "GET"): Row(shows="units"),
    ("credits_purchase", "GET"): Row(shows="units"),
    ("credits_purchase", "POST"): Row(body={"units": 7771}, status=201, shows="units"),
    # files
    ("files_list", "GET"): Row(),
    ("files_presign", "POST"): Row(
        body={"files": [{"name": "canary-A.csv", "content_type": "text/csv", "size": 5}]}, status=201
    ),
    ("files_read", "GET"): Row(path={"file_id": "file"}),
    ("files_complete", "POST"): Row(path={"file_id": "file_announced"}),
    # accounts
    ("accounts_login", "POST"): Row(
        body={"email": "canary-a-owner@school.in", "password": PASSWORD}, shows=None, writes=_GUESSES
    ),
    ("accounts_refresh", "POST"): Row(body={"refresh": "{refresh_token}"}, shows=None),
    ("accounts_verify", "POST"): Row(shows=None),
    ("accounts_logout", "POST"): Row(by="logout", status=204, shows=None),
    ("accounts_me", "GET"): Row(),
    ("accounts_me", "PATCH"): Row(body={"name": "canary-A myself"}),
    ("accounts_devices", "GET"): Row(by="teacher", shows=None),
    ("accounts_device", "DELETE"): Row(path={"sign_in": "device"}, status=204, shows=None),
    ("accounts_second_factor", "GET"): Row(shows=None),
    ("accounts_second_factor_enrol", "POST"): Row(shows=None),
    ("accounts_second_factor_confirm", "POST"): Row(by="teacher", body={"code": "123456"}, status=409, shows=None),
    ("accounts_second_factor_disable", "POST"): Row(by="teacher", body={"code": "123456"}, status=409, shows=None),
    ("accounts_recovery_codes", "POST"): Row(by="teacher", body={"code": "123456"}, status=409, shows=None),
    ("accounts_password_reset", "POST"): Row(
        body={"token": "{asker_link}", "password": "another bird at dusk"},
        status=204,
        shows=None,
        refusals=REFUSED | {410},
    ),
    ("accounts_users", "GET"): Row(),
    ("accounts_users", "POST"): Row(body=_NEW | {"email": "canary-a-new@school.in"}, status=201),
    ("accounts_invite", "POST"): Row(body=_NEW | {"email": "canary-a-invited@school.in"}, status=201),
    ("accounts_user", "GET"): Row(path={"user_id": "owner_user"}),
    ("accounts_user", "PATCH"): Row(path={"user_id": "manager_spare_user"}, body={"name": "canary-A changed"}),
    ("accounts_user", "DELETE"): Row(path={"user_id": "manager_going_user"}, status=204, shows=None),
    ("accounts_activity", "GET"): Row(path={"user_id": "owner_user"}),
    ("accounts_roles", "GET"): Row(shows=None),
    ("accounts_send_otp", "POST"): Row(body={"phone": "{asker_phone}"}, shows=None, refusals=_ALIKE, writes=_CODES),
    ("accounts_resend_otp", "POST"): Row(
        body={"phone": "{student_now_phone}"}, shows=None, refusals=_ALIKE, writes=_CODES
    ),
    # The twin holds the very challenge; the code is no good for it. A guess is counted.
    ("accounts_verify_otp", "POST"): Row(
        body={"phone": "{student_in_phone}", "code": "{code}"}, shows=None, writes=_CODES
    ),
    # messaging
    ("messaging_log", "GET"): Row(),
    ("messaging_templates", "GET"): Row(query="?name=welcome"),
    ("messaging_template", "GET"): Row(path={"template_id": "template"}),
    ("messaging_template", "PATCH"): Row(
        path={"template_id": "template"}, body={"text": "canary-A greets {{name}} again"}
    ),
    ("messaging_stats", "GET"): Row(shows=None),
    ("messaging_test", "POST"): Row(
        body={
            "template": "welcome",
            "channel": "email",
            "to": "canary-a-test@school.in",
            "values": {"name": "canary-A"},
        },
        status=201,
    ),
    ("messaging_notifications", "GET"): Row(),
    ("messaging_notifications_read", "POST"): Row(shows=None),
    ("messaging_notification_read", "POST"): Row(path={"notification_id": "notification"}),
    # people
    ("people_branches", "GET"): Row(),
    ("people_branches", "POST"): Row(body={"name": "canary-A new", "code": "CANARYA7", "kind": "academy"}, status=201),
    ("people_branch", "GET"): Row(),
    ("people_branch", "PATCH"): Row(body={"name": "canary-A changed"}),
    ("people_branch", "DELETE"): Row(path={"branch": "branch_spare"}, status=204, shows=None),
    ("people_students", "GET"): Row(),
    ("people_students", "POST"): Row(
        body={"name": "canary-A new", "phone": "{phone_1}", "branch": "{branch}"}, status=201
    ),
    ("people_imports", "GET"): Row(),
    ("people_imports", "POST"): Row(body={"file": "{import_sheet}", "branch": "{branch}"}, status=202),
    ("people_import", "GET"): Row(path={"student_import": "import"}),
    ("people_import_errors", "GET"): Row(path={"student_import": "import"}, shows=None),
    ("people_import_undo", "POST"): Row(path={"student_import": "import_undone"}),
    ("people_student", "GET"): Row(),
    ("people_student", "PATCH"): Row(body={"board": "canary-A"}, path={"student": "student_in"}),
    ("people_student", "DELETE"): Row(path={"student": "student_going"}, status=204, shows=None),
    ("people_student_suspend", "POST"): Row(path={"student": "student_asking"}, body={"reason": "canary-A"}),
    ("people_student_reactivate", "POST"): Row(path={"student": "student_asleep"}),
    ("people_guardians", "GET"): Row(),
    ("people_guardians", "POST"): Row(
        body={"name": "canary-A aunt", "phone": "{phone_2}", "relation": "mother"}, status=204, shows=None
    ),
    ("people_guardian", "DELETE"): Row(status=204, shows=None),
    # libraries
    ("libraries_libraries", "GET"): Row(),
    ("libraries_libraries", "POST"): Row(body={"name": "canary-A new", "code": "CANARYA8"}, status=201),
    ("libraries_library", "GET"): Row(),
    ("libraries_library", "PATCH"): Row(body={"name": "canary-A changed"}),
    ("libraries_library", "DELETE"): Row(path={"library": "library_spare"}, status=204, shows=None),
    ("libraries_rooms", "GET"): Row(),
    ("libraries_rooms", "POST"): Row(body={"name": "canary-A attic"}, status=201),
    ("libraries_room", "GET"): Row(),
    ("libraries_room", "PATCH"): Row(body={"name": "canary-A changed"}),
    ("libraries_room", "DELETE"): Row(path={"hall": "hall_spare"}, status=204, shows=None),
    ("libraries_seats", "GET"): Row(),
    ("libraries_seats", "POST"): Row(
        body={"hall": "{hall}", "seats": [{"label": "canary-A99", "row": 9, "column": 9}]}, status=201
    ),
    ("libraries_seat", "GET"): Row(),
    ("libraries_seat", "PATCH"): Row(body={"label": "canary-A98"}),
    ("libraries_seat", "DELETE"): Row(path={"seat": "seat_spare"}, status=204, shows=None),
    ("libraries_shifts", "GET"): Row(),
    ("libraries_shifts", "POST"): Row(
        body={"library": "{library}", "name": "canary-A new", "starts": "06:00", "ends": "07:00", "price_paise": 100},
        status=201,
    ),
    ("libraries_shift", "GET"): Row(),
    ("libraries_shift", "PATCH"): Row(body={"name": "canary-A changed"}),
    ("libraries_shift", "DELETE"): Row(path={"shift": "shift_spare"}, status=204, shows=None),
    ("page_libraries", "GET"): Row(),
    ("page_library_new", "GET"): Row(),
    ("page_library_new", "POST"): Row(body={"name": "canary-A page", "code": "CANARYA9"}, status=302, shows=None),
    ("page_library", "GET"): Row(),
    ("page_library_change", "GET"): Row(),
    ("page_library_change", "POST"): Row(body={"name": "canary-A paged", "state": "open"}, status=302, shows=None),
    ("page_hall_new", "GET"): Row(),
    ("page_hall_new", "POST"): Row(
        body={"name": "canary-A paged", "floor": "0", "rows": "1", "columns": "2", "seat_class": "regular"},
        status=302,
        shows=None,
    ),
    ("page_shift_new", "GET"): Row(),
    ("page_shift_new", "POST"): Row(
        body={"name": "canary-A paged", "price": "1", "starts": "08:00", "ends": "09:00"}, status=302, shows=None
    ),
    ("page_hall", "GET"): Row(),
    ("page_hall", "POST"): Row(body={"name": "canary-A hall", "floor": "0"}, status=302, shows=None),
    ("page_hall_rows", "POST"): Row(
        body={"rows": "1", "columns": "1", "seat_class": "regular"}, status=302, shows=None
    ),
    ("page_hall_delete", "POST"): Row(status=409),
    ("page_hall_seat", "GET"): Row(),
    ("page_hall_seat", "POST"): Row(
        path={"seat": "seat_5"}, body={"label": "canary-A97", "seat_class": "regular"}, status=302, shows=None
    ),
    ("page_shift", "GET"): Row(),
    ("page_shift", "POST"): Row(
        body={"name": "canary-A changed", "price": "1", "is_open": "on"}, status=302, shows=None
    ),
    # bookings
    ("page_seats", "GET"): Row(query="?hall={hall}&day={tomorrow}&shift={shift}"),
    ("page_seat_assign", "POST"): Row(
        path={"seat": "seat_3"},
        body=_MAP | {"day": "{in_5_days}", "student": "{student_now}", "paid": "later"},
        status=302,
        shows=None,
    ),
    ("page_seat_block", "POST"): Row(
        path={"seat": "seat_2"}, body=_MAP | {"reason": "canary-A lamp"}, status=302, shows=None
    ),
    ("page_booking_deed", "POST"): Row(path={"booking": "booking_cancelled"}, body=_MAP, status=302, shows=None),
    ("page_check_in", "GET"): Row(),
    ("page_check_in", "POST"): Row(body={"code": "{pass}"}, status=302, shows=None),
    ("page_seat", "GET"): Row(by="pupil", query="?hall={hall}&day={tomorrow}&shift={shift}"),
    ("page_seat_hold", "POST"): Row(
        by="pupil", path={"seat": "seat_4"}, body=_MAP | {"day": "{in_4_days}"}, status=302, shows=None
    ),
    ("page_bookings", "GET"): Row(by="pupil"),
    ("page_booking_cancel", "GET"): Row(by="pupil", path={"booking": "booking_leaving"}),
    ("page_booking_cancel", "POST"): Row(by="pupil", path={"booking": "booking_leaving"}, status=302, shows=None),
    ("page_pass", "GET"): Row(by="pupil"),
    ("bookings_bookings", "GET"): Row(),
    ("bookings_hold", "POST"): Row(
        body={"seat": "{seat_4}", "shift": "{shift}", "day": "{later}", "student": "{student_now}"}, status=201
    ),
    ("bookings_availability", "GET"): Row(query="?hall={hall}&day={tomorrow}&shift={shift}"),
    ("bookings_booking", "GET"): Row(),
    ("bookings_confirm", "POST"): Row(path={"booking": "booking_held"}),
    ("bookings_cancel", "POST"): Row(path={"booking": "booking_cancelled"}, body={"reason": "canary-A"}),
    ("bookings_reschedule", "POST"): Row(
        path={"booking": "booking_moving"}, body={"seat": "{seat_4}", "shift": "{shift}", "day": "{in_5_days}"}
    ),
    ("bookings_check_in", "POST"): Row(body={"booking": "{booking_now}"}),
    ("bookings_check_out", "POST"): Row(body={"booking": "{booking_in}"}),
    ("bookings_visits", "GET"): Row(),
    ("bookings_occupancy", "GET"): Row(),
    # classes
    ("timetable_list", "GET"): Row(),
    ("timetable_list", "POST"): Row(
        body={
            "subject": "canary-A new",
            "grade": "12",
            "board": "canary-A",
            "teacher": "{host_ending}",
            "room": "canary-A 9",
            "weekday": "{another_weekday}",
            "starts": "06:00",
            "ends": "07:00",
        },
        status=201,
    ),
    ("timetable_read", "GET"): Row(path={"slot_id": "slot"}),
    ("timetable_read", "PUT"): Row(
        path={"slot_id": "slot_moving"},
        body={
            "subject": "canary-A moved",
            "grade": "10",
            "board": "canary-A",
            "teacher": "{teacher_user}",
            "room": "canary-A 8",
            "weekday": "{another_weekday}",
            "starts": "04:00",
            "ends": "05:00",
        },
    ),
    ("timetable_read", "DELETE"): Row(path={"slot_id": "slot_spare"}, status=204, shows=None),
    ("classes_list", "GET"): Row(),
    ("classes_start", "POST"): Row(body={"slot": "{slot_starting}"}, status=201),
    ("classes_available", "GET"): Row(by="pupil"),
    ("classes_read", "GET"): Row(path={"class_id": "class"}, by="pupil"),
    ("classes_join", "POST"): Row(path={"class_id": "class"}, by="pupil", shows=None),
    ("classes_leave", "POST"): Row(path={"class_id": "class"}, by="pupil", status=204, shows=None),
    ("classes_end", "POST"): Row(path={"class_id": "class_ending"}),
    ("classes_participants", "GET"): Row(path={"class_id": "class"}, by="teacher"),
    ("classes_chat", "GET"): Row(path={"class_id": "class"}, by="teacher"),
    ("page_timetable", "GET"): Row(),
    ("page_slot_new", "GET"): Row(),
    ("page_slot_new", "POST"): Row(body={"subject": "canary-A"}, status=422),
    ("page_slot", "GET"): Row(path={"slot_id": "slot"}),
    ("page_slot", "POST"): Row(path={"slot_id": "slot"}, body={"subject": "canary-A"}, status=422),
    ("page_slot_end", "POST"): Row(path={"slot_id": "slot_leaving"}, status=302, shows=None),
    ("page_slot_cancel", "POST"): Row(
        path={"slot_id": "slot_called_off"},
        body={"day": "{called_off_day}", "note": "canary-A"},
        status=302,
        shows=None,
    ),
    ("page_slot_restore", "POST"): Row(path={"slot_id": "slot"}, body={"day": "{school_day}"}, status=302, shows=None),
    ("page_classes", "GET"): Row(by="pupil"),
    ("page_class_start", "POST"): Row(body={"slot": "{slot}"}, status=409),
    ("page_class_video", "GET"): Row(),
    ("page_class_video", "POST"): Row(body={"provider": ""}, status=302, shows=None),
    ("page_class_lobby", "GET"): Row(path={"slot_id": "slot"}, by="pupil", status=302, shows=None),
    ("page_class_card", "GET"): Row(path={"slot_id": "slot", "day": "school_day"}, by="pupil"),
    ("page_class_room", "GET"): Row(path={"class_id": "class"}, by="teacher"),
    ("page_class_join", "POST"): Row(path={"class_id": "class"}, by="pupil", status=302, shows=None),
    ("page_class_leave", "POST"): Row(path={"class_id": "class"}, by="pupil", status=302, shows=None),
    ("page_class_end", "POST"): Row(path={"class_id": "class_ending"}, status=302, shows=None),
    ("page_class_say", "POST"): Row(
        path={"class_id": "class"}, by="teacher", body={"text": "canary-A", "key": "paged"}, status=302, shows=None
    ),
    ("page_class_hand", "POST"): Row(
        path={"class_id": "class"}, by="teacher", body={"raised": "1"}, status=302, shows=None
    ),
    ("page_class_lead", "POST"): Row(
        path={"class_id": "class"}, by="teacher", body={"do": "lower_all"}, status=302, shows=None
    ),
    ("page_class_now", "GET"): Row(path={"class_id": "class"}, by="teacher"),
    ("page_class_meeting", "GET"): Row(path={"class_id": "class"}, by="teacher", status=302, shows=None),
    # payments
    ("payments_list", "GET"): Row(),
    ("payments_create", "POST"): Row(body={"purpose": "fees.due", "reference": "{due_asked}"}, status=201),
    ("payments_verify", "POST"): Row(body={"payment": "{payment_pending}"}),
    ("payments_stats", "GET"): Row(shows=None),
    # Whoever knows its long name may ask how a payment stands; the name holds its business's.
    ("payments_return", "GET"): Row(path={"reference": "reference_pending"}, shows=None),
    ("payments_return", "POST"): Row(
        path={"reference": "reference_pending"},
        body=b"",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        shows=None,
    ),
    ("payments_gateways", "GET"): Row(),
    ("payments_gateways", "POST"): Row(
        body={
            "gateway": "razorpay",
            "environment": "sandbox",
            "label": "canary-A new",
            "key_id": "{key_new}",
            "key_secret": "canary-A secret",
            "webhook_secret": "canary-A webhook",
        },
        status=201,
    ),
    ("payments_gateway", "GET"): Row(path={"account": "account_cashfree"}),
    ("payments_gateway", "PATCH"): Row(path={"account": "account_cashfree"}, body={"label": "canary-A changed"}),
    ("payments_gateway_test", "POST"): Row(path={"account": "account_cashfree"}, shows=None),
    ("payments_payment", "GET"): Row(path={"payment": "payment_paid"}),
    ("payments_route", "GET"): Row(path={"payment": "payment_paid"}, shows=None),
    ("payments_refund", "GET"): Row(path={"payment": "payment_refunded"}),
    ("payments_refund", "POST"): Row(
        path={"payment": "payment_refunded"}, body={"amount_paise": 100, "reason": "canary-A"}, status=201
    ),
    # fees
    ("fees_dues", "GET"): Row(),
    ("fees_dues", "POST"): Row(
        body={"student": "{student}", "title": "canary-A new", "amount_paise": 100, "due_on": "{later}"}, status=201
    ),
    ("fees_due", "GET"): Row(),
    ("fees_desk", "POST"): Row(body={"student": "{student}", "dues": [], "method": "cash"}, status=400, shows=None),
    ("fees_due_cancel", "POST"): Row(path={"due": "due_cancelled"}, body={"reason": "canary-A"}),
    ("fees_student_payments", "GET"): Row(),
    # campaigns
    ("campaigns_list", "GET"): Row(),
    ("campaigns_list", "POST"): Row(
        body={"name": "canary-A new", "template": "welcome", "branch": "{branch}"}, status=201
    ),
    ("campaigns_read", "GET"): Row(),
    ("campaigns_preview", "POST"): Row(),
    ("campaigns_send", "POST"): Row(path={"campaign": "campaign_sent"}),
}
