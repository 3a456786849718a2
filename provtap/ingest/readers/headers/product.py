"""One data product, as its header describes it."""

from dataclasses import dataclass, field

from provtap.ingest.model import identity
from provtap.ingest.model.identity import file_name
from provtap.ingest.parsing.node import Node


@dataclass(frozen=True)
class Product:
    """The keywords of one product, and what is known about its file."""

    keywords: Node
    url: str | None
    form: str | None
    """`fits`, `hdf5` or `ecsv`; None if the keywords came without their file."""
    site: str
    warnings: list[str] = field(default_factory=list)
    """What was left out of the records, one sentence each."""

    @property
    def name(self) -> str | None:
        """The name of the file."""
        return file_name(self.url) if self.url else None

    def storage(self, url: str) -> str:
        """Return the scope in which *url* names one file."""
        return identity.storage(url, self.site)
