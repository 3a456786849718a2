"""UWS 1.1: asynchronous jobs, from their creation to their destruction."""
