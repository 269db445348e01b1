"""What has moved on in public since a bundle: credits, orders, the plan, row by row."""

import hashlib

from kernel.tenancy import copies
from shared_apps.console.bundles.parts import DATA, IN_ONE, archive_reading, member_read, part_of
from shared_apps.console.bundles.public_rows import OWNED
from shared_apps.console.models import BundleExport


def public_moves(bundle: BundleExport) -> dict[str, dict[str, int]]:
    """How a tenant's rows in public differ from the bundle's, by table. Outside transactions; raises BundleBroken."""
    values = {"schema": bundle.schema, "tenant": bundle.tenant_id}
    moves = {}
    with archive_reading(bundle, part_of(bundle, DATA)) as archive, copies.moment(bundle.schema) as moment:
        known = member_read(archive, "facts.json")["public"]
        for table in moment.tables("public"):
            if table.name not in known:
                continue
            now = _Rows()
            held = moment.copy(table, now.feed, schema="public", where=OWNED[table.name].where, values=values)
            if held.sha256 != known[table.name]["sha256"]:
                then = _Rows()
                with archive.open(f"public/{table.name}.csv") as source:
                    while piece := source.read(IN_ONE):
                        then.feed(piece)
                moves[table.name] = {
                    "then": known[table.name]["rows"],
                    "now": held.rows,
                    "new": len(now.digests - then.digests),
                    "gone": len(then.digests - now.digests),
                }
    return moves


class _Rows:
    """Each row of a table's text, as a digest: the text itself is not kept."""

    def __init__(self) -> None:
        self.digests: set[bytes] = set()
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """The next piece of the text. A row ends with a line that leaves no quote open."""
        *lines, rest = piece.split(b"\n")
        for line in lines:
            self._rest += line + b"\n"
            if self._rest.count(b'"') % 2 == 0:
                self.digests.add(hashlib.sha256(self._rest).digest())
                self._rest = b""
        self._rest += rest
