"""ProvTAP: store, search and retrace the provenance of astronomical data products."""

__version__ = "0.1.0"
