"""An import contract: an app is met at its doors, by whichever other app."""

from typing import Any

from importlinter import Contract, ContractCheck, fields, output

# `errors` belong to the door: they are what a door says no with. `roles`, `profiles` and `purposes` are registers that
# other apps add their own lines to, and so are `setup` and `dossier`. `charts` draws what any app has counted.
DOORS = {"services", "selectors", "events", "errors", "roles", "profiles", "purposes", "setup", "dossier", "charts"}


class DoorsContract(Contract):
    """No module of one app imports another app's module that is not a door."""

    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: Any, verbose: bool) -> ContractCheck:
        broken = []
        for importer in graph.modules:
            for imported in graph.find_modules_directly_imported_by(importer):
                if self._crosses(importer, imported) and imported.split(".")[2] not in DOORS:
                    line = graph.get_import_details(importer=importer, imported=imported)[0]["line_number"]
                    broken.append(f"{importer}:{line} imports {imported}")
        return ContractCheck(kept=not broken, metadata={"broken": sorted(broken)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(line)

    def _crosses(self, importer: str, imported: str) -> bool:
        here, there = importer.split("."), imported.split(".")
        if there[0] not in self.rooms or len(there) < 3 or here[0] not in (*self.rooms, "config"):
            return False
        return here[:2] != there[:2] and here[0] != "config"
