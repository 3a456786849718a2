"""W3C PROV in its notations, and its dialects at observatories."""
