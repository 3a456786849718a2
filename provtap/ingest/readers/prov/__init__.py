"""W3C PROV in its notations, and the dialects of it that observatories write."""
