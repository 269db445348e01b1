"""How each door of the operator's host is tried: it serves the operator's people and no tenant's."""

from tests.isolation.doors import Row, Table
from tests.isolation.world import PASSWORD

_NEW = {"name": "canary-A new", "roles": [{"role": "support"}]}
_PLAN = {
    "name": "canary-A plan",
    "position": 900,
    "monthly_paise": 100,
    "yearly_paise": 1000,
    "trial_days": 0,
    "features": [],
    "public": False,
}


def _row(**facts: object) -> Row:
    return Row(**{"by": "admin", "shows": None, **facts})  # type: ignore[arg-type]


_LANGUAGE = {"language": "hi", "next": "/"}
_NOT_TRUE = {"password": "a canary sings at noon"}
# Whoever asks for something of everyone's is sent on, or shown the form again: no data either way.
_OPEN = frozenset({200, 302, 401, 404, 405, 422})

ROWS: Table = {
    # pages
    ("page_search", "GET"): _row(query="?q=anary"),
    ("page_security", "GET"): _row(),
    ("page_security", "POST"): _row(body={"deed": "none"}),
    ("page_preferences", "POST"): _row(body=_LANGUAGE, status=302, refusals=_OPEN),
    ("page_offline", "GET"): _row(openly=True),
    ("page_styleguide", "GET"): _row(openly=True),
    ("page_styleguide_problem", "GET"): _row(path={"name": "problem"}, status=404, refusals=_OPEN),
    ("page_sign_in", "GET"): _row(status=302, refusals=_OPEN),
    ("page_sign_in", "POST"): _row(
        body={"email": "{admin_email}"} | _NOT_TRUE,
        status=422,
        refusals=_OPEN,
        writes=frozenset({"accounts_loginattempts"}),
    ),
    ("page_enrol", "POST"): _row(body={"enrolment": "none", "code": "123456"}, status=401),
    ("page_sign_out", "POST"): _row(by="admin_leaving", status=302),
    ("page_password", "GET"): _row(openly=True),
    ("page_password", "POST"): _row(body={"token": "none"} | _NOT_TRUE, status=410, refusals=frozenset({410})),
    ("page_forgotten", "GET"): _row(status=302, refusals=_OPEN),
    ("page_forgotten", "POST"): _row(body={"email": "nobody"}, status=422, refusals=_OPEN),
    ("page_home", "GET"): _row(shows="canary"),
    ("page_me", "GET"): _row(shows="canary"),
    ("page_device_end", "POST"): _row(path={"device": "admin_device_page"}, status=302),
    ("page_sign_out_everywhere", "POST"): _row(by="admin_leaving_all", status=302),
    ("page_notices", "GET"): _row(shows="canary"),
    ("page_notices", "POST"): _row(status=302),
    ("page_bell", "GET"): _row(),
    ("page_notice", "POST"): _row(path={"notice": "notification_operator"}, status=302),
    ("page_tenants", "GET"): _row(query="?kind=both", shows="canary"),
    ("page_tenant_new", "GET"): _row(),
    ("page_tenant_new", "POST"): _row(body={"name": "canary-A"}, status=422),
    ("page_tenant_slug", "GET"): _row(query="?slug=a-new-name"),
    ("page_tenant", "GET"): _row(path={"tenant_id": "home"}, shows="canary"),
    ("page_tenant_steps", "GET"): _row(path={"tenant_id": "home"}),
    ("page_tenant_again", "POST"): _row(path={"tenant_id": "tenant_spare"}, status=302),
    ("page_tenant_suspend", "POST"): _row(
        path={"tenant_id": "home"}, body={"reason": "canary-A"}, status=422, shows="canary"
    ),
    ("page_tenant_reactivate", "POST"): _row(path={"tenant_id": "home"}, status=302),
    ("page_tenant_decline", "POST"): _row(
        path={"tenant_id": "tenant_unmade"}, body={"decline-reason": ""}, status=422, shows="canary"
    ),
    ("page_tenant_offboard", "POST"): _row(
        path={"tenant_id": "home"}, body={"offboard-reason": "canary-A"}, status=422, shows="canary"
    ),
    ("page_tenant_offboard_again", "POST"): _row(path={"tenant_id": "tenant_leaving"}, status=302),
    ("page_tenant_offboard_steps", "GET"): _row(path={"tenant_id": "tenant_leaving"}),
    ("page_tenant_stay", "POST"): _row(path={"tenant_id": "tenant_leaving"}, body={"stay-reason": ""}, status=422),
    ("page_tenant_export", "POST"): _row(path={"tenant_id": "home"}, body={}, status=422, shows="canary"),
    ("page_bundle", "GET"): _row(path={"tenant_id": "home"}, shows="canary"),
    ("page_bundle_links", "POST"): _row(path={"tenant_id": "home"}, status=409, shows="canary"),
    ("page_bundle_beside", "POST"): _row(path={"tenant_id": "home"}, body={}, status=422, shows="canary"),
    ("page_bundle_restore", "POST"): _row(path={"tenant_id": "home"}, body={}, status=422, shows="canary"),
    ("page_restore_again", "POST"): _row(
        path={"tenant_id": "home", "restore": "restore_refused"}, status=409, shows="canary"
    ),
    ("page_restore_abandon", "POST"): _row(
        path={"tenant_id": "home", "restore": "restore_refused"}, body={}, status=422, shows="canary"
    ),
    ("page_tenant_domain_release", "POST"): _row(path={"tenant_id": "home", "domain": "domain_console_A"}, status=302),
    ("page_tenant_support_ask", "POST"): _row(
        path={"tenant_id": "home"}, body={"reason": ""}, status=422, shows="canary"
    ),
    ("page_tenant_support", "GET"): _row(path={"tenant_id": "home", "visit": "support_visit"}, shows="canary"),
    ("page_tenant_support_end", "POST"): _row(path={"tenant_id": "home", "visit": "support_visit"}, status=302),
    ("page_plans", "GET"): _row(),
    ("page_plan", "GET"): _row(path={"code": "plan_starter"}),
    ("page_plan", "POST"): _row(path={"code": "plan_starter"}, body={"name": "canary-A"}, status=422),
    ("page_credits", "GET"): _row(),
    ("page_credits_buy", "GET"): _row(),
    ("page_credits_buy", "POST"): _row(body={"units": "0"}, status=422),
    ("page_credits_give", "GET"): _row(shows="canary"),
    ("page_credits_give", "POST"): _row(body={"tenant": "{home}", "units": "0"}, status=422, shows="canary"),
    ("page_wallets", "GET"): _row(),
    ("page_own_payments", "GET"): _row(shows="canary"),
    ("page_callbacks", "GET"): _row(),
    ("page_callback", "GET"): _row(path={"callback": "callback_operator"}),
    ("page_callback_outcome", "GET"): _row(path={"callback": "callback_operator"}),
    ("page_callback_replay", "POST"): _row(path={"callback": "callback_page"}, status=302),
    ("page_jobs", "GET"): _row(),
    ("page_job_retry", "POST"): _row(path={"job": "callback_operator"}, status=409),
    ("page_schedule_run", "POST"): _row(path={"name": "cadence_operator"}, status=302),
    ("page_fleet", "GET"): _row(),
    ("page_fleet_run", "GET"): _row(path={"run": "callback_operator"}, status=404),
    ("page_health", "GET"): _row(),
    ("page_team", "GET"): _row(shows="canary"),
    ("page_team_invite", "GET"): _row(),
    ("page_team_invite", "POST"): _row(body={"name": "canary-A"}, status=422),
    ("page_member", "GET"): _row(path={"user_id": "admin_spare"}),
    ("page_member_roles", "POST"): _row(path={"user_id": "admin_spare"}, body={"roles": "support"}, status=302),
    ("page_member_again", "POST"): _row(path={"user_id": "admin_spare"}, status=409),
    ("page_member_remove", "POST"): _row(path={"user_id": "admin_shut"}, status=302),
    ("page_member_restore", "POST"): _row(path={"user_id": "admin_spare"}, status=302),
    ("page_audit", "GET"): _row(),
    ("page_second_factor", "GET"): _row(),
    ("page_second_factor", "POST"): _row(body={"code": ""}, status=422),
    # kernel
    ("observe_healthz", "GET"): _row(openly=True),
    ("observe_readyz", "GET"): _row(openly=True),
    ("observe_metrics", "GET"): _row(status=404),
    ("tenants_tls_ask", "GET"): _row(query="?domain=nobody.in", status=404),
    ("http_root", "GET"): _row(openly=True),
    ("http_health", "GET"): _row(openly=True),
    ("http_schema", "GET"): _row(openly=True),
    ("http_docs", "GET"): _row(openly=True),
    ("http_nowhere", "GET"): _row(status=404),
    ("page_job", "GET"): _row(path={"work": "progress_operator"}),
    ("page_job_cancel", "POST"): _row(path={"work": "progress_operator"}, status=409),
    ("jobs_schedules", "GET"): _row(),
    ("jobs_schedule_run", "POST"): _row(path={"name": "cadence_operator"}),
    ("jobs_show", "GET"): _row(path={"id": "progress_operator"}),
    ("inbox_list", "GET"): _row(),
    ("inbox_show", "GET"): _row(path={"id": "callback_operator"}),
    ("inbox_replay", "POST"): _row(path={"id": "callback_operator"}, status=202),
    ("inbox_receive", "POST"): _row(
        path={"path": "messages/webhook/msg91"},
        body={"canary": "nobody's"},
        status=401,
        writes=frozenset({"public.inbox.business"}),
    ),
    ("audit_logs", "GET"): _row(),
    # plans
    ("plans_list", "GET"): _row(openly=True),
    ("plans_list", "POST"): _row(body=_PLAN | {"code": "{plan_new}", "limits": "{limits}"}, status=201),
    ("plans_plan", "GET"): _row(path={"code": "plan_starter"}, openly=True),
    ("plans_plan", "PATCH"): _row(path={"code": "plan_kept"}, body={"position": 901}),
    ("plans_subscription", "GET"): _row(path={"tenant": "home"}),
    ("plans_subscription", "PATCH"): _row(path={"tenant": "home"}, body={"plan": "enterprise"}),
    # credits
    ("credits_stock", "GET"): _row(),
    ("credits_vendors", "GET"): _row(),
    ("credits_vendors", "POST"): _row(
        body={"code": "{vendor_new}", "name": "canary-A vendor", "channel": "email", "unit_cost": 1, "active": False},
        status=201,
    ),
    ("credits_vendor", "GET"): _row(),
    ("credits_vendor", "PATCH"): _row(body={"name": "MSG91"}),
    ("credits_purchases", "GET"): _row(),
    ("credits_purchases", "POST"): _row(body={"vendor": "msg91", "channel": "sms", "units": 10}, status=201),
    ("credits_wallets", "GET"): _row(shows="canary"),
    ("credits_allocate", "POST"): _row(body={"tenant": "{home}", "channel": "sms", "units": 10}, status=201),
    ("credits_prices", "GET"): _row(),
    ("credits_prices", "POST"): _row(body={"tenant": "{home}", "channel": "sms", "unit_price": 2500}, status=201),
    ("credits_margins", "GET"): _row(),
    # tenants
    ("tenants_list", "GET"): _row(shows="canary"),
    ("tenants_list", "POST"): _row(
        body={
            "name": "canary-A requested",
            "slug": "{slug_new}",
            "kind": "academy",
            "plan": "starter",
            "owner_name": "canary-A owner",
            "owner_email": "canary-a-requested@school.in",
            "owner_phone": "{phone_1}",
        },
        status=202,
        shows="canary",
    ),
    ("tenants_read", "GET"): _row(path={"tenant_id": "home"}, shows="canary"),
    ("tenants_read", "PATCH"): _row(
        path={"tenant_id": "home"}, body={"owner_name": "canary-A changed"}, shows="canary"
    ),
    ("tenants_suspend", "POST"): _row(path={"tenant_id": "tenant_spare"}, body={"reason": "canary-A"}),
    ("tenants_reactivate", "POST"): _row(path={"tenant_id": "tenant_asleep"}),
    ("tenants_decline", "POST"): _row(path={"tenant_id": "tenant_unmade"}, body={"reason": "canary-A"}),
    ("tenants_offboard", "GET"): _row(path={"tenant_id": "tenant_leaving"}),
    ("tenants_offboard", "POST"): _row(path={"tenant_id": "tenant_going"}, body={"reason": "canary-A"}, status=202),
    ("tenants_stay", "POST"): _row(path={"tenant_id": "tenant_staying"}, body={"reason": "canary-A"}),
    ("tenants_export", "GET"): _row(path={"tenant_id": "home"}),
    ("tenants_export", "POST"): _row(path={"tenant_id": "tenant_spare"}, body={"reason": "canary-A"}, status=202),
    ("tenants_export_links", "POST"): _row(path={"tenant_id": "home", "bundle": "bundle_whole"}, status=201),
    ("tenants_restore", "GET"): _row(path={"tenant_id": "home"}),
    ("tenants_restore", "POST"): _row(
        path={"tenant_id": "home"}, body={"bundle": "{home}", "reason": "canary-A"}, status=409
    ),
    ("tenants_restore_again", "POST"): _row(path={"tenant_id": "home", "restore": "restore_refused"}, status=409),
    ("tenants_restore_abandon", "POST"): _row(
        path={"tenant_id": "home", "restore": "restore_refused"}, body={"reason": "canary-A"}, status=202
    ),
    ("tenants_move", "POST"): _row(path={"tenant_id": "home"}, body={"node": "canary-A:1"}, status=409),
    ("tenants_support", "POST"): _row(path={"tenant_id": "home"}, body={"reason": "canary-A"}, status=201),
    ("tenants_domains", "GET"): _row(path={"tenant_id": "home"}, shows="canary"),
    ("tenants_domain", "DELETE"): _row(path={"tenant_id": "home", "domain_id": "domain_operator_A"}, status=204),
    ("tenants_stats", "GET"): _row(path={"tenant_id": "home"}),
    ("tenants_provisioning", "GET"): _row(path={"tenant_id": "home"}),
    ("tenants_provisioning", "POST"): _row(path={"tenant_id": "tenant_spare"}, status=202),
    # files
    ("files_list", "GET"): _row(shows="canary"),
    ("files_presign", "POST"): _row(
        body={"files": [{"name": "canary-A.csv", "content_type": "text/csv", "size": 5}]}, status=201
    ),
    ("files_read", "GET"): _row(path={"file_id": "file_operator"}, shows="canary"),
    ("files_complete", "POST"): _row(path={"file_id": "file_operator"}),
    # accounts
    ("accounts_login", "POST"): _row(
        body={"email": "{admin_email}", "password": PASSWORD},
        writes=frozenset({"accounts_loginattempts"}),
    ),
    ("accounts_refresh", "POST"): _row(body={"refresh": "{admin_refresh}"}),
    ("accounts_verify", "POST"): _row(),
    ("accounts_logout", "POST"): _row(by="admin_logout", status=204),
    ("accounts_me", "GET"): _row(),
    ("accounts_me", "PATCH"): _row(body={"name": "canary-A admin"}),
    ("accounts_devices", "GET"): _row(),
    ("accounts_device", "DELETE"): _row(path={"sign_in": "admin_device"}, status=204),
    ("accounts_second_factor", "GET"): _row(),
    ("accounts_second_factor_enrol", "POST"): _row(),
    ("accounts_second_factor_confirm", "POST"): _row(by="reader", body={"code": "123456"}, status=409),
    ("accounts_second_factor_disable", "POST"): _row(by="reader", body={"code": "123456"}, status=409),
    ("accounts_recovery_codes", "POST"): _row(by="reader", body={"code": "123456"}, status=409),
    ("accounts_password_reset", "POST"): _row(
        body={"email": "{admin_email}"},
        status=204,
        refusals=frozenset({204}),
        writes=frozenset({"accounts_otpchallenge", "accounts_otpcount"}),
    ),
    ("accounts_users", "GET"): _row(),
    ("accounts_users", "POST"): _row(body=_NEW | {"email": "{email_1}"}, status=201),
    ("accounts_invite", "POST"): _row(body=_NEW | {"email": "{email_2}"}, status=201),
    ("accounts_user", "GET"): _row(path={"user_id": "admin_spare"}),
    ("accounts_user", "PATCH"): _row(path={"user_id": "admin_spare"}, body={"name": "canary-A spare"}),
    ("accounts_user", "DELETE"): _row(path={"user_id": "admin_going"}, status=204),
    ("accounts_activity", "GET"): _row(path={"user_id": "admin_spare"}),
    ("accounts_roles", "GET"): _row(),
    # messaging
    ("messaging_log", "GET"): _row(),
    ("messaging_templates", "GET"): _row(),
    ("messaging_template", "GET"): _row(path={"template_id": "template_operator"}),
    ("messaging_template", "PATCH"): _row(path={"template_id": "template_operator"}, body={"subject": "Welcome"}),
    ("messaging_stats", "GET"): _row(),
    ("messaging_test", "POST"): _row(
        body={"template": "welcome", "channel": "email", "to": "canary-a@school.in", "values": {"name": "canary-A"}},
        status=201,
    ),
    ("messaging_notifications", "GET"): _row(shows="canary"),
    ("messaging_notifications_read", "POST"): _row(),
    ("messaging_notification_read", "POST"): _row(path={"notification_id": "notification_operator"}),
    # payments
    ("payments_list", "GET"): _row(shows="canary"),
    ("payments_create", "POST"): _row(body={"purpose": "tests.canary", "reference": "{order_A}"}, status=201),
    ("payments_verify", "POST"): _row(body={"payment": "{operators_payment_pending}"}),
    ("payments_stats", "GET"): _row(),
    ("payments_return", "GET"): _row(path={"reference": "operators_reference_pending"}),
    ("payments_return", "POST"): _row(
        path={"reference": "operators_reference_pending"},
        body=b"",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ),
    ("payments_gateways", "GET"): _row(shows="canary"),
    ("payments_gateways", "POST"): _row(
        body={
            "gateway": "razorpay",
            "environment": "sandbox",
            "key_id": "{key_new}",
            "key_secret": "canary-A secret",
            "webhook_secret": "canary-A webhook",
        },
        status=201,
    ),
    ("payments_gateway", "GET"): _row(path={"account": "operators_cashfree"}),
    ("payments_gateway", "PATCH"): _row(path={"account": "operators_cashfree"}, body={"label": "canary-A changed"}),
    ("payments_gateway_test", "POST"): _row(path={"account": "operators_cashfree"}),
    ("payments_payment", "GET"): _row(path={"payment": "operators_payment_paid"}, shows="canary"),
    ("payments_route", "GET"): _row(path={"payment": "operators_payment_paid"}),
    ("payments_refund", "GET"): _row(path={"payment": "operators_payment_paid"}),
    ("payments_refund", "POST"): _row(
        path={"payment": "operators_payment_paid"}, body={"amount_paise": 100}, status=201
    ),
}
