"""CWLProv: workflow runs recorded by cwltool as documents of W3C PROV in a research object."""
