"""HTTP: requests in, protocol documents out (Flask)."""
