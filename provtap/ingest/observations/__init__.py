"""Observations into `ivoa.obscore`: files are read, mapped to the columns of ObsCore, and stored by DID."""
