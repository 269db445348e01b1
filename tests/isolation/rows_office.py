"""How the doors of a tenant's office are tried: its settings, set-up, staff, messages, credits and campaigns."""

from tests.isolation.doors import Row, Table

# Whoever asks for something of everyone's is shown it, or shown the form again: no data either way.
_OPEN = frozenset({200, 302, 401, 404, 405, 422, 429})
_ACCOUNT = {"account": "account_cashfree"}

OFFICE: Table = {
    ("page_search", "GET"): Row(query="?q=anary"),
    ("page_organisation", "GET"): Row(),
    ("page_organisation", "POST"): Row(body={"name": ""}, status=422),
    ("page_organisation_brand", "GET"): Row(),
    ("page_organisation_brand", "POST"): Row(body={"colour": "reddish"}, status=422),
    ("page_organisation_preview", "GET"): Row(query="?colour=b1271f"),
    ("page_organisation_logo", "POST"): Row(status=422),
    ("page_brand", "GET"): Row(query="?v=b1271f", shows=None, openly=True),
    ("page_logo", "GET"): Row(query="?v=none", status=404, shows=None, refusals=_OPEN),
    ("page_security", "GET"): Row(),
    ("page_security", "POST"): Row(body={"deed": "off", "code": "123456"}, status=422),
    ("page_setup", "GET"): Row(),
    ("page_setup_skip", "POST"): Row(path={"step": "problem"}, status=404),
    ("page_branches", "GET"): Row(),
    ("page_branches", "POST"): Row(body={"name": ""}, status=422),
    ("page_branch", "GET"): Row(),
    ("page_branch", "POST"): Row(body={"name": ""}, status=422),
    ("page_gateways", "GET"): Row(),
    ("page_gateway_new", "GET"): Row(),
    ("page_gateway_new", "POST"): Row(body={"gateway": "razorpay"}, status=422),
    ("page_gateway", "GET"): Row(path=_ACCOUNT),
    ("page_gateway", "POST"): Row(path=_ACCOUNT, body={"label": ""}, status=422),
    ("page_gateway_test", "POST"): Row(path=_ACCOUNT),
    ("page_gateway_state", "POST"): Row(path=_ACCOUNT, body={"on": "1"}, status=302, shows=None),
    ("page_staff", "GET"): Row(),
    ("page_member_invite", "GET"): Row(),
    ("page_member_invite", "POST"): Row(body={"name": ""}, status=422),
    ("page_member", "GET"): Row(path={"user": "owner_user"}),
    ("page_member", "POST"): Row(
        path={"user": "manager_spare_user"}, body={"roles": "manager"}, status=302, shows=None
    ),
    ("page_member_state", "POST"): Row(path={"user": "manager_spare_user"}, body={"back": "1"}, status=302, shows=None),
    ("page_roles", "GET"): Row(),
    ("page_messages", "GET"): Row(),
    ("page_message_statistics", "GET"): Row(),
    ("page_message", "GET"): Row(path={"message": "message_mail"}),
    ("page_message_again", "POST"): Row(path={"message": "message_mail"}, status=409),
    ("page_templates", "GET"): Row(),
    ("page_template", "GET"): Row(),
    ("page_template", "POST"): Row(body={"subject": "canary-A", "text": "canary-A"}, status=302, shows=None),
    ("page_campaigns", "GET"): Row(),
    ("page_campaign_new", "GET"): Row(),
    ("page_campaign_new", "POST"): Row(body={"name": "canary-A"}, status=302, shows=None),
    ("page_campaign", "GET"): Row(),
    ("page_campaign_send", "POST"): Row(path={"campaign": "campaign_sending"}, status=409),
    ("page_campaign_recipients", "GET"): Row(),
    ("page_credits", "GET"): Row(),
    ("page_credits", "POST"): Row(body={"units": "0"}, status=422),
    ("page_credit_order", "GET"): Row(path={"order": "order_A"}),
    ("page_credit_pay", "GET"): Row(path={"order": "order_A"}, status=302, shows=None),
    ("page_credit_pay", "POST"): Row(path={"order": "order_A"}, status=302, shows=None),
}
