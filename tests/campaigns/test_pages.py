"""The pages of campaigns: a text, an audience, the cost before anything leaves, and each recipient's outcome."""

import re

from connectors.sandbox.client import SandboxClient
from kernel import jobs
from kernel.tenancy import Business, tenant_scope
from shared_apps.messaging import services as messaging
from shared_apps.messaging.models import Message, Template
from tenant_apps.campaigns.models import Campaign
from tests.support.factories.people import branch_make, student_make
from tests.support.people import phone_make, staff


def test_chosen_filled_priced_and_sent_once(school: Business, msg91: SandboxClient) -> None:
    branch, far = branch_make(school, kind="academy", name="Kothrud"), branch_make(school, kind="academy", name="Far")
    for name, place in (("Asha", branch), ("Bharat", branch), ("Chitra", far)):
        student_make(school, place, name=name, phone=phone_make())
    with tenant_scope(school):
        messaging.templates_seed()
        text = Template.objects.get(name="reminder", channel="sms", language="en").id
        code = Template.objects.get(name="otp", channel="sms", language="en").id
    owner = staff(school)
    choice = owner.page("GET", "/campaigns/new").content.decode()
    assert (str(text) in choice, str(code) in choice) == (True, False)
    given = {"text": text, "name": "December", "branch": branch.id, "grade": "", "board": ""}
    values = {"value_amount": "6500", "value_title": "December", "value_day": "5 Dec"}
    for wrong in ({"value_amount": ""}, {"value_amount": "six"}, {"value_title": "http://bad"}, {"branch": "x"}):
        assert owner.page("POST", "/campaigns/new", given | values | wrong).status_code == 422, wrong
    with tenant_scope(school):
        assert not Campaign.objects.exists()
    address = owner.page("POST", "/campaigns/new", given | values)["Location"]
    draft = owner.page("GET", address).content.decode()
    assert "This writes to 2 phones at once and costs 2 credits." in draft
    assert "Rs 6500 for December is due on 5 Dec." in draft
    assert owner.page("POST", f"{address}/send").status_code == 302
    again = owner.page("POST", f"{address}/send")
    assert (again.status_code, "has been sent" in again.content.decode()) == (409, True)
    jobs.drain()
    with tenant_scope(school):
        assert Message.objects.filter(kind="marketing").count() == 2
    done = owner.page("GET", address, headers={"HX-Request": "true"}).content.decode()
    assert re.search(r"Sent</dt>.*?<span class=\"num strong\">2</span>", done, re.DOTALL)
    listed = owner.page("GET", f"{address}/recipients").content.decode()
    assert listed.count('class="row-link num"') == 2
    near = staff(school, "manager", branch=far.id)
    assert near.page("GET", address).status_code == 404
    # Who works in some branches writes to those, whatever the form says.
    assert near.page("POST", "/campaigns/new", given | values).status_code == 422
    theirs = near.page("POST", "/campaigns/new", given | values | {"branch": ""})["Location"]
    with tenant_scope(school):
        assert Campaign.objects.get(id=theirs.rsplit("/", 1)[1]).branch_id == far.id
    assert staff(school, "front_desk").page("GET", "/campaigns").status_code == 403
