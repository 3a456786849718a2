"""Store records in the tables of the ProvenanceDM. This room knows no format."""
