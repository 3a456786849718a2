"""Records and ids of the ProvenanceDM as plain dataclasses: readers yield them, the store writes them."""
