"""Provenance logs of ctapipe."""
