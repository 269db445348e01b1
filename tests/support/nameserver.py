"""A name server on loopback that says what a test tells it, over UDP as any other."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from django.test import override_settings

SILENT, BROKEN = "silent", "broken"


@dataclass
class Zone:
    """What stands at each name, by type: `zone.set("_shala.a.in", "TXT", "shala-verify=1")`.

    A name below which something stands is empty, any other does not exist. `faults` are names answered with SERVFAIL
    (`broken`) or not at all (`silent`); so is everything below them. `asked` is every question that came.
    """

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def set(self, name: str, kind: str, *values: str) -> None:
        self.records[name, kind] = [f'"{one}"' for one in values] if kind == "TXT" else list(values)

    def drop(self, name: str, kind: str) -> None:
        self.records.pop((name, kind), None)

    def answered(self, wire: bytes) -> bytes | None:
        """The answer to one question; None where nobody answers."""
        query = dns.message.from_wire(wire)
        name, kind = query.question[0].name.to_text().rstrip(".").lower(), query.question[0].rdtype
        self.asked.append((name, dns.rdatatype.to_text(kind)))
        fault = next((how for at, how in self.faults.items() if f".{name}".endswith(f".{at}")), "")
        if fault == SILENT:
            return None
        answer = dns.message.make_response(query)
        if fault == BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(answer, name, dns.rdatatype.to_text(kind))
        return answer.to_wire()

    def _fill(self, answer: dns.message.Message, name: str, kind: str) -> None:
        if not any(f".{one}".endswith(f".{name}") for one, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return
        for found in dict.fromkeys((kind, "CNAME")):
            if values := self.records.get((name, found)):
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", found, *values))
                if found != kind:
                    self._fill(answer, values[0].rstrip("."), kind)
                return


@contextmanager
def nameserver(*, seconds: float = 0.3) -> Iterator[Zone]:
    """A zone, served; the product asks it, and waits for it no longer than `seconds`."""
    zone = Zone()
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    thread = Thread(target=_serve, args=(listening, zone), daemon=True)
    thread.start()
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    try:
        with override_settings(DNS_NAMESERVERS=(address,), DNS_SECONDS=seconds):
            yield zone
    finally:
        listening.sendto(b"", listening.getsockname())
        thread.join(2)
        listening.close()


def _serve(listening: socket.socket, zone: Zone) -> None:
    while True:
        wire, peer = listening.recvfrom(4096)
        if not wire:
            return
        if answer := zone.answered(wire):
            listening.sendto(answer, peer)
