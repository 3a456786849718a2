"""Records into the tables of the ProvenanceDM. It knows no format."""
