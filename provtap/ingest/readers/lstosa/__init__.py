"""What lstosa, the on-site analysis of LST-1, records: logs of steps, and logs or PROV-JSON of whole runs."""
