"""CWLProv: what cwltool records of the runs of a workflow, as documents of W3C PROV in a research object."""
