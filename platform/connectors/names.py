"""Asking the DNS two things of a name: which texts stand at it, and where it leads.

What the DNS says of a name, also that there is nothing, is a fact; that a name server refused or broke, or that nobody
answered in time, is none. The two are never mixed up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import dns.exception
import dns.message
import dns.nameserver
import dns.rdatatype
import dns.resolver

SECONDS = 4.0


class Heard(StrEnum):
    """`found` records; `empty`: the name is there without such a record; `no_name`: it is not there (NXDOMAIN);
    `broken`: who answers for it fails or refuses (SERVFAIL, REFUSED); `silent`: nobody answered in time.
    """

    FOUND = "found"
    EMPTY = "empty"
    NO_NAME = "no_name"
    BROKEN = "broken"
    SILENT = "silent"

    @property
    def is_fact(self) -> bool:
        return self in {Heard.FOUND, Heard.EMPTY, Heard.NO_NAME}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was heard, and the records' values where some were found."""

    heard: Heard
    values: tuple[str, ...] = ()


class Names:
    """A resolver without memory: whoever has just set a record wants to see it.

    `nameservers` are addresses, each with `:port` or without, IPv6 in brackets; none means those of the machine. One
    question takes at most `seconds`.
    """

    def __init__(self, nameservers: Sequence[str] = (), *, seconds: float = SECONDS) -> None:
        self._resolver = dns.resolver.Resolver(configure=not nameservers)
        if nameservers:
            self._resolver.nameservers = [_nameserver(one) for one in nameservers]
        self._resolver.lifetime = seconds
        self._resolver.timeout = seconds / 2

    def texts(self, name: str) -> Answer:
        """The TXT records at a name, each joined of its pieces."""
        heard, answer = self._asked(name, "TXT")
        if answer is None or heard != Heard.FOUND:
            return Answer(heard)
        texts = [
            b"".join(record.strings).decode("utf-8", "replace")
            for records in answer.answer
            if records.rdtype == dns.rdatatype.TXT
            for record in records
        ]
        return Answer(heard, tuple(texts))

    def leads(self, name: str) -> Answer:
        """The names a name is another word for, then the addresses at the end (IPv4, else IPv6)."""
        heard = Heard.EMPTY
        for kind in ("A", "AAAA"):
            heard, answer = self._asked(name, kind)
            passed = _values(answer, dns.rdatatype.CNAME)
            if found := _values(answer, dns.rdatatype.from_text(kind)):
                return Answer(Heard.FOUND, (*passed, *found))
            if passed and heard.is_fact:
                return Answer(Heard.FOUND, passed)
            if heard != Heard.EMPTY:
                return Answer(heard)
        return Answer(heard)

    def _asked(self, name: str, kind: str) -> tuple[Heard, dns.message.Message | None]:
        try:
            return Heard.FOUND, self._resolver.resolve(name, kind, search=False).response
        except dns.resolver.NXDOMAIN as nothing:
            return Heard.NO_NAME, nothing.response(nothing.qnames()[0])
        except dns.resolver.NoAnswer as nothing:
            return Heard.EMPTY, nothing.response()
        except dns.exception.Timeout:
            return Heard.SILENT, None
        except dns.exception.DNSException:
            return Heard.BROKEN, None


def _values(answer: dns.message.Message | None, kind: dns.rdatatype.RdataType) -> tuple[str, ...]:
    if answer is None:
        return ()
    return tuple(
        record.to_text().rstrip(".").lower()
        for records in answer.answer
        if records.rdtype == kind
        for record in records
    )


def _nameserver(text: str) -> dns.nameserver.Nameserver:
    parts = urlsplit(f"//{text}")
    return dns.nameserver.Do53Nameserver(str(parts.hostname), parts.port or 53)
