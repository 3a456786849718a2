"""ProvSAP: the provenance of things, as a document or a picture.

Request -> walk in SQL -> graph -> document, for the endpoint and the command line.
"""

from provtap.provsap.documents import not_written, write
from provtap.provsap.graph import Graph
from provtap.provsap.request import ProvsapRequest
from provtap.provsap.traverse import retrieve

__all__ = ["Graph", "ProvsapRequest", "not_written", "retrieve", "write"]
