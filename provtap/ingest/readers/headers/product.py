"""One data product and the keywords of its header."""

from dataclasses import dataclass, field

from provtap.ingest.model import identity
from provtap.ingest.model.identity import file_name
from provtap.ingest.parsing.node import Node


@dataclass(frozen=True)
class Product:
    """The keywords of one product, with the location and form of its file."""

    keywords: Node
    url: str | None
    form: str | None
    """`fits`, `hdf5` or `ecsv`; None if the keywords were sent without their file."""
    site: str
    warnings: list[str] = field(default_factory=list)
    """One sentence for each omitted keyword."""

    @property
    def name(self) -> str | None:
        """The name of the file."""
        return file_name(self.url) if self.url else None

    def storage(self, url: str) -> str:
        """Return the scope in which *url* is unique."""
        return identity.storage(url, self.site)
