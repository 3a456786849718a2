"""The functions of ADQL and of this service, as a table: signature, SQL and description of each."""
