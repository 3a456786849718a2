"""MODEL=W3C: the graph as a PROV document with PROV's own terms, as far as possible.

Sources: PROV-DM; the mapping of the IVOA's draft of 2017.
"""

from prov.constants import PROV
from prov.identifier import QualifiedName
from prov.model import ProvDocument

from provtap.provsap.graph import Graph, Row
from provtap.provsap.ivoa import Attributes, IvoaDocument, utc
from provtap.provsap.naming import DCTERMS, VOPROV, legal
from provtap.provsap.provjson import JsonDocument

# Attributes of the model with a term in PROV.
_TERMS = {
    "name": PROV["label"],
    "location": PROV["location"],
    "value": PROV["value"],
    "role": PROV["role"],
} | dict.fromkeys(("comment", "description"), DCTERMS["description"])


class W3cDocument(IvoaDocument):
    """The document with PROV's own terms, as far as possible."""

    def __init__(self, graph: Graph, document: ProvDocument | JsonDocument) -> None:
        super().__init__(graph, document)
        self._generated = {row.e_id: utc(row.e_generatedattime) for row in graph.of("entity")}

    def _term(self, member: str, ours: bool) -> QualifiedName:
        return super()._term(member, ours) if ours else _TERMS.get(member, VOPROV[member])

    def _entity_type(self, class_: str) -> QualifiedName:
        return PROV["Collection"] if class_ == "Collection" else super()._entity_type(class_)

    def _was_generated_by(self, row: Row) -> None:
        """Add the time of generation, which is part of this relation in PROV (PROV-DM, section 5.1.3)."""
        self._document.wasGeneratedBy(
            self._name(row.wgb_entity_id),
            self._name(row.wgb_activity_id),
            self._generated[row.wgb_entity_id],
            other_attributes=self._attributes("wasgeneratedby", row),
        )

    def _was_attributed_to(self, row: Row) -> None:
        """Add the role as our own attribute, because PROV has none here (PROV-DM, section 5.7.4.3)."""
        role = [(VOPROV["role"], legal(row.wat_role))] if row.wat_role else []
        self._document.wasAttributedTo(
            self._name(row.wat_entity_id), self._name(row.wat_agent_id), other_attributes=role
        )

    def _configure(self, activity: QualifiedName, artefact: QualifiedName, class_: str) -> None:
        self._document.used(activity, artefact, other_attributes=[(PROV["type"], VOPROV["Setup"])])

    def _description_type(self, class_: str) -> Attributes:
        plan = [(PROV["type"], PROV["Plan"])] if class_ == "ActivityDescription" else []
        return [*super()._description_type(class_), *plan]

    def _is_described_by(self, table: str, thing: QualifiedName, description: QualifiedName) -> None:
        """Write the description of an activity as its plan, that of an entity as its general entity."""
        if table == "activitydescription":
            self._document.wasAssociatedWith(thing, None, description)
        elif table == "entitydescription":
            self._document.specializationOf(thing, description)
        else:
            super()._is_described_by(table, thing, description)
