"""PROV-XML by the `prov` library, with corrected element names.

The library derives the name of an element from `prov:type`, whatever the record is: an entity with the type
`prov:Person` would be written as `<prov:person>`, which is an agent.
"""

from prov.constants import PROV_BASE_CLS, PROV_TYPE
from prov.identifier import QualifiedName
from prov.model import NameValuePair
from prov.serializers.provxml import ProvXMLSerializer


class XmlSerializer(ProvXMLSerializer):
    """A writer that derives the name of an element only from a type of the record's own class."""

    def _derive_record_label(self, rec_type: QualifiedName, attributes: list[NameValuePair]) -> str:
        others = [
            (name, value)
            for name, value in attributes
            if name == PROV_TYPE and PROV_BASE_CLS.get(value, rec_type) != rec_type
        ]
        for other in others:
            attributes.remove(other)
        label: str = super()._derive_record_label(rec_type, attributes)
        attributes += others
        return label
