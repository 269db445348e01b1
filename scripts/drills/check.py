"""The checker: compares the diary, the database and the stand-ins' own book, in plain SQL and nothing of the product.

lost: acknowledged, or taken from a payer, and not there. doubled: there more often than it happened.
imbalance: what the books say less what the stand-ins say, in paise and in credits.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from scripts.drills.diary import Diary

_ONCE = "SUCCESS", "processed"  # what Cashfree and Razorpay call a refund that went through
_UNDER_WAY = "requested", "unknown", "pending", "on_hold"


@dataclass
class Findings:
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    paise: int = 0
    credits: int = 0
    why: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        return not (self.lost or self.doubled or self.paise or self.credits or self.late)

    def off(self, unit: str, what: str, ours: int, theirs: int) -> None:
        """Note a sum that differs; every difference counts as itself, so two can never make up for one another."""
        if ours != theirs:
            setattr(self, unit, getattr(self, unit) + abs(ours - theirs))
            self.why.append(f"{what}: {ours} {unit} in our books, {theirs} outside")

    def examples(self, most: int = 20) -> list[str]:
        said = [f"lost: {one}" for one in self.lost] + [f"doubled: {one}" for one in self.doubled]
        said += self.late + self.why
        return said[:most]


class Checker:
    """One business's rows, the stand-ins' book of its accounts, and the diary."""

    def __init__(self, database: str, schema: str, public_id: str, keys: frozenset[str]) -> None:
        self.database = database
        self.schema = schema
        self.public_id = public_id
        self.keys = keys

    def unfinished(self, book: dict[str, Any]) -> dict[str, int]:
        """What is still under way, by kind; all zero: nothing will change by itself."""
        seen = {message.get("reference") for message in book["messages"]}
        with psycopg.connect(self.database, row_factory=dict_row) as db:
            jobs = self._all(
                db, "SELECT count(*) AS n FROM public.jobs_job WHERE business = %s AND state IN ('queued', 'running')"
                " AND cadence = ''", [self.schema]
            )[0]["n"]  # fmt: skip
            known = {row["gateway_payment_id"] for row in self._all(db, "SELECT * FROM {s}.payments_gatewaypayment")}
            refunds = self._all(db, "SELECT state FROM {s}.payments_refund")
            messages = self._all(db, "SELECT state FROM {s}.messaging_message")
            batches = self._all(
                db, "SELECT b.state, m.id FROM {s}.messaging_batch b JOIN {s}.messaging_message m ON m.batch_id = b.id"
            )  # fmt: skip
            paid = self._all(
                db, "SELECT count(*) AS n FROM {s}.payments_payment p JOIN {s}.fees_due d ON d.id::text = p.subject"
                " WHERE p.state = 'paid' AND d.state = 'open'"
            )[0]["n"]  # fmt: skip
        return {
            "jobs": jobs,
            "payments": sum(1 for one in self._taken(book) if one["id"] not in known),
            "dues": paid,
            "refunds": sum(1 for row in refunds if row["state"] in _UNDER_WAY),
            "messages": sum(1 for row in messages if row["state"] in ("pending", "sending")),
            "batches": sum(1 for row in batches if row["state"] in ("intent", "asked")),
            # Of what the vendor never saw no report comes: its credits are held for a day.
            "reports": sum(1 for r in batches if r["state"] == "unknown" and self._name(r["id"]) in seen),
        }

    def check(self, diary: Diary, book: dict[str, Any]) -> Findings:
        found = Findings()
        with psycopg.connect(self.database, row_factory=dict_row) as db:
            self._diary(db, diary, found)
            self._payments(db, book, found)
            self._receipts(db, found)
            self._refunds(db, book, found)
            self._messages(db, book, found)
            self._ledgers(db, book, found)
        return found

    def _diary(self, db: psycopg.Connection[Any], diary: Diary, found: Findings) -> None:
        """Each acknowledged row is there; each refund once for its wish; as many credits given as were promised."""
        rows = {
            "due": "SELECT id FROM {s}.fees_due",
            "payment": "SELECT id FROM {s}.payments_payment",
            "refund": "SELECT id FROM {s}.payments_refund",
            "message": "SELECT id FROM {s}.messaging_message",
        }
        for what, query in rows.items():
            there = {str(row["id"]) for row in self._all(db, query)}
            found.lost += [f"{what} {one['id']}" for one in diary.of(what) if one["id"] not in there]
            found.counted[what] = len(there)
        wishes = Counter(row["reason"] for row in self._all(
            db, "SELECT reason FROM {s}.payments_refund WHERE kind = 'merchant'"
        ))  # fmt: skip
        found.doubled += [f"refund {reason}, {times} times" for reason, times in wishes.items() if times > 1]
        given = self._all(
            db, "SELECT COALESCE(sum(amount), 0)::bigint AS n FROM public.ledger_transfer"
            " WHERE kind = 'allocation' AND credit = %s", [f"wallet:{self.schema}:sms"]
        )[0]["n"]  # fmt: skip
        promised = sum(one["units"] for one in diary.of("credits"))
        # What was asked for and never answered may have been given or not.
        extra = min(max(given - promised, 0), diary.unsure_units)
        found.off("credits", "given to the business", given - extra, promised)

    def _payments(self, db: psycopg.Connection[Any], book: dict[str, Any], found: Findings) -> None:
        """Money a gateway took is ours once: one settles the payment, what came beside it is marked as surplus."""
        rows = self._all(db, "SELECT * FROM {s}.payments_gatewaypayment")
        ours = Counter(row["gateway_payment_id"] for row in rows)
        taken = self._taken(book)
        found.lost += [f"money {one['vendor']} {one['id']}" for one in taken if one["id"] not in ours]
        found.doubled += [f"money {id_}" for id_, times in ours.items() if times > 1]
        settled = Counter(str(row["payment_id"]) for row in rows if row["verdict"] == "settled")
        found.doubled += [f"payment {id_} settled {times} times" for id_, times in settled.items() if times > 1]
        with_money = {str(row["payment_id"]) for row in rows if row["verdict"] in ("settled", "surplus")}
        found.lost += [f"payment {id_} has money and was not settled" for id_ in with_money if id_ not in settled]
        dues = Counter(
            row["subject"]
            for row in self._all(db, "SELECT subject FROM {s}.payments_payment WHERE receipt IS NOT NULL")
        )
        found.doubled += [f"due {id_} paid by {times} payments" for id_, times in dues.items() if times > 1]
        paid = {str(row["id"]) for row in self._all(db, "SELECT id FROM {s}.fees_due WHERE state = 'paid'")}
        found.lost += [f"due {id_} is paid for and still open" for id_ in dues if id_ not in paid]
        found.counted |= {"taken": len(taken), "settled": len(settled)}
        found.off("paise", "taken", sum(row["amount_paise"] for row in rows if row["verdict"]), _sum(taken))

    def _receipts(self, db: psycopg.Connection[Any], found: Findings) -> None:
        """Numbers 1 to n, each once."""
        last = sum(row["last"] for row in self._all(db, "SELECT last FROM {s}.payments_receiptseries"))
        rows = self._all(db, "SELECT receipt FROM {s}.payments_payment WHERE receipt IS NOT NULL")
        given = Counter(int(row["receipt"].rpartition("/")[2]) for row in rows)
        found.lost += [f"receipt number {number}" for number in range(1, last + 1) if number not in given]
        found.doubled += [f"receipt number {number}" for number, times in given.items() if times > 1]
        found.counted["receipts"] = sum(given.values())

    def _refunds(self, db: psycopg.Connection[Any], book: dict[str, Any], found: Findings) -> None:
        """What went back at the gateways is what we promised, by order; a surplus went back whole."""
        orders = self._orders(book)
        outside: defaultdict[str, int] = defaultdict(int)
        for one in book["refunds"]:
            if (one["vendor"], one["order"]) in orders and one["state"] in _ONCE:
                outside[orders[one["vendor"], one["order"]]["reference"]] += one["amount_paise"]
        ours: defaultdict[str, int] = defaultdict(int)
        for row in self._all(
            db, "SELECT r.state, r.amount_paise, a.client_ref FROM {s}.payments_refund r"
            " JOIN {s}.payments_gatewaypayment g ON g.id = r.gateway_payment_id"
            " JOIN {s}.payments_attempt a ON a.id = g.attempt_id"
        ):  # fmt: skip
            if row["state"] == "succeeded":
                ours[row["client_ref"]] += row["amount_paise"]
        for order in sorted({*ours, *outside}):
            found.off("paise", f"given back of {order}", ours[order], outside[order])
        surplus = self._all(
            db, "SELECT g.gateway_payment_id, g.amount_paise, COALESCE(sum(r.amount_paise)"
            " FILTER (WHERE r.state = 'succeeded'), 0)::bigint AS back FROM {s}.payments_gatewaypayment g"
            " LEFT JOIN {s}.payments_refund r ON r.gateway_payment_id = g.id"
            " WHERE g.verdict = 'surplus' GROUP BY g.id"
        )  # fmt: skip
        for row in surplus:
            found.off("paise", f"surplus {row['gateway_payment_id']} given back", row["back"], row["amount_paise"])
        found.counted |= {"surplus": len(surplus)}

    def _messages(self, db: psycopg.Connection[Any], book: dict[str, Any], found: Findings) -> None:
        """The vendor saw each message at most once, and each it saw was paid for with its units."""
        mine = f"{self.public_id}."
        seen = Counter(m["reference"] for m in book["messages"] if str(m.get("reference", "")).startswith(mine))
        found.doubled += [f"message {reference}, {times} times" for reference, times in seen.items() if times > 1]
        rows = self._all(
            db, "SELECT id, state, units FROM {s}.messaging_message WHERE channel = 'sms'"
        )  # fmt: skip
        names = {self._name(row["id"]): row for row in rows}
        found.lost += [
            f"message {name} is said to be {row['state']}"
            for name, row in names.items()
            if row["state"] in ("sent", "delivered") and name not in seen
        ]
        consumed = self._all(
            db, "SELECT COALESCE(sum(posted), 0)::bigint AS n FROM public.ledger_account WHERE code = %s",
            [f"consumed:{self.schema}:sms"],
        )[0]["n"]  # fmt: skip
        units = sum(names[reference]["units"] for reference in seen if reference in names)
        found.off("credits", "spent on messages", consumed, units)
        found.counted |= {"messages_at_the_vendor": sum(seen.values())}

    def _ledgers(self, db: psycopg.Connection[Any], book: dict[str, Any], found: Findings) -> None:
        """Accounts are the sums of their transfers; all together are nothing; what gateways hold is what they say."""
        for schema, unit in ((self.schema, "paise"), ("public", "credits")):
            rows = self._all(
                db, "SELECT a.code, a.unit, a.posted, COALESCE(sum(CASE WHEN t.credit = a.code THEN t.amount"
                " ELSE -t.amount END) FILTER (WHERE t.phase IN ('post', 'settle')), 0)::bigint AS moved"
                " FROM {s}.ledger_account a LEFT JOIN {s}.ledger_transfer t ON a.code IN (t.debit, t.credit)"
                " GROUP BY a.code", schema=schema
            )  # fmt: skip
            for row in rows:
                found.off(unit, f"account {row['code']}", row["posted"], row["moved"])
            found.off(unit, f"all accounts of {schema}", sum(r["posted"] for r in rows if r["unit"] == unit), 0)
        orders = self._orders(book)
        back = [r for r in book["refunds"] if (r["vendor"], r["order"]) in orders and r["state"] in _ONCE]
        at_gateways = -sum(
            row["posted"] for row in self._all(db, "SELECT code, posted FROM {s}.ledger_account")
            if row["code"].startswith("gateway:")
        )  # fmt: skip
        found.off("paise", "held by the gateways", at_gateways, _sum(self._taken(book)) - _sum(back))

    def _name(self, message: UUID) -> str:
        """What the vendor knows a message by."""
        return f"{self.public_id}.{message.hex}"

    def _taken(self, book: dict[str, Any]) -> list[dict[str, Any]]:
        orders = self._orders(book)
        return [one for one in book["payments"] if one["captured"] and (one["vendor"], one["order"]) in orders]

    def _orders(self, book: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        return {(one["vendor"], one["id"]): one for one in book["orders"] if one["account"] in self.keys}

    def _all(
        self, db: psycopg.Connection[Any], statement: str, values: Iterable[Any] = (), *, schema: str = ""
    ) -> list[dict[str, Any]]:
        query = sql.SQL(statement).format(s=sql.Identifier(schema or self.schema))
        return db.execute(query, list(values)).fetchall()


def _sum(entries: Iterable[dict[str, Any]]) -> int:
    return sum(int(one["amount_paise"]) for one in entries)
