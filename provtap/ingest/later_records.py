"""What may be told of a thing long after the thing itself."""

from dataclasses import dataclass
from datetime import datetime

from provtap.ingest.records import Record


@dataclass(frozen=True, kw_only=True)
class HadReference(Record):
    """Which ValueEntity a parameter took its value from (ProvenanceDM 1.0, Parameter.valueEntity)."""

    table = "provenance.parameter"
    prefix = "p_"
    id: str
    value_entity_id: str


@dataclass(frozen=True, kw_only=True)
class Invalidation(Record):
    """The end of an entity, told by whoever ended it (PROV-DM, 5.1.8)."""

    table = "provtap.invalidation"
    prefix = "iv_"
    entity_id: str
    time: datetime
