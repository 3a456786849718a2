"""Records and ids of the ProvenanceDM, as plain dataclasses: what readers yield and the store takes."""
