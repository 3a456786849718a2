"""Stores records in the tables of the ProvenanceDM, independently of the format of documents."""
