"""Records of lstosa, the on-site analysis of LST-1: logs of steps, and logs or PROV-JSON of whole runs."""
