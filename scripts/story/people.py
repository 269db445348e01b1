"""Steps 3 and 4: students come by file, and in by SMS."""

import csv
import io
from pathlib import Path
from typing import Any

import httpx

from scripts.stack.report import Step
from scripts.story.cast import Play, Tenant
from scripts.story.client import Host, until

FILE = Path(__file__).resolve().parent.parent / "data" / "students.csv"
ROWS, BAD, GYANS = 200, 9, 20


def import_both(play: Play, page: Step) -> None:
    play.asha.branch = play.asha.owner.post("branches", {"name": "Main", "code": "MAIN", "kind": "academy"})["id"]
    play.gyan.branch = play.gyan.owner.post("libraries", {"name": "Reading hall", "code": "READ", "city": "Pune"})["id"]
    dry = imported(play.asha, FILE.read_bytes(), dry_run=True)
    page.check("a dry run names the same rows", (ROWS - BAD, BAD), (dry["created"], dry["refused"]))
    page.check("and makes nobody", 0, len(play.asha.owner.all("students")))
    done = imported(play.asha, FILE.read_bytes())
    page.check("asha: rows made and refused", (ROWS - BAD, BAD), (done["created"], done["refused"]))
    errors = _errors(play, play.asha.owner, done["id"])
    page.check("rows in the error file", BAD, len(errors))
    page.check("each with its reason", BAD, len({(line["row"], line["code"]) for line in errors if line["what_to_do"]}))
    page.figure(refused=sorted({line["code"] for line in errors}))
    done = imported(play.gyan, _gyans_file())
    page.check("gyan: rows made and refused", (GYANS, 0), (done["created"], done["refused"]))
    for tenant, count in ((play.asha, ROWS - BAD), (play.gyan, GYANS)):
        tenant.students = tenant.owner.all("students")
        page.check(f"{tenant.slug}: students listed", count, len(tenant.students))
    hindi = [s for s in play.asha.students if any("\u0900" <= letter <= "\u097f" for letter in s["name"])]
    page.check("names in Hindi came through", True, len(hindi) > 20)
    found = play.asha.owner.get(f"students?search={hindi[0]['name'].split()[0]}")["results"]
    page.check("and are found", True, hindi[0]["id"] in [s["id"] for s in found])


def sign_in(play: Play, page: Step) -> None:
    alone = next(s for s in play.asha.students if s["phone"] and _sharing(play, s["phone"]) == 1)
    asha_before = _spent(play)
    student = play.student(play.asha, alone["phone"])
    page.check("who signed in", alone["id"], student.get("auth/me")["student"])
    page.check("the message cost one credit", 1, until("the credit", lambda: _spent(play) - asha_before))
    shared = next(s["guardian_phone"] for s in play.asha.students if _sharing(play, s["guardian_phone"]) > 1)
    siblings = {s["id"] for s in play.asha.students if s["guardian_phone"] == shared}
    parent = play.student(play.asha, shared, profile=sorted(siblings)[0])
    page.check("a parent picked one sibling", sorted(siblings)[0], parent.get("auth/me")["student"])
    seen = {s["id"] for s in parent.all("students")}
    page.check("and sees the siblings alone", sorted(siblings), sorted(seen))
    unknown = play.asha.host.call("POST", "auth/send-otp", {"phone": "9000000009"})
    page.check("a stranger gets the same answer", 200, unknown.status_code)
    page.check("and no message", [], play.sandbox.messages("+919000000009"))
    refused = play.asha.host.call("POST", "auth/verify-otp", {"phone": alone["phone"], "code": "000000"})
    page.check("a wrong code", 4, refused.status_code // 100)


def _sharing(play: Play, phone: str) -> int:
    return sum(phone in (s["phone"], s["guardian_phone"]) for s in play.asha.students) if phone else 0


def _spent(play: Play) -> int:
    wallets = play.admin.get(f"admin/credits/tenant-wallets?limit=200&tenant={play.asha.id}")["results"]
    return int(wallets[0]["consumed"])


def imported(tenant: Tenant, content: bytes, *, branch: str = "", dry_run: bool = False) -> dict[str, Any]:
    """Bring a file of students in, to its end; how the import says it went."""
    fields = {"branch": branch or tenant.branch, "dry_run": str(dry_run).lower()}
    files = {"file": ("students.csv", content, "text/csv")}
    started = tenant.owner.post("students/bulk-import", data=fields, files=files)
    path = f"students/bulk-import/{started['id']}"
    until("the import", lambda: tenant.owner.get(f"jobs/{started['id']}")["state"] in {"done", "failed"})
    found: dict[str, Any] = tenant.owner.get(path)
    return found


def _errors(play: Play, owner: Host, student_import: str) -> list[dict[str, str]]:
    link = httpx.URL(owner.get(f"students/bulk-import/{student_import}/errors")["url"])
    at = f"{link.host}:{link.port}"
    text = httpx.get(link.copy_with(host="127.0.0.1"), headers={"Host": at}, trust_env=False).raise_for_status().text
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def _gyans_file() -> bytes:
    lines = [f"Reader {number},98111{number:05}" for number in range(1, GYANS + 1)]
    return "\n".join(["name,phone", *lines]).encode()
