"""PostgreSQL: the embedded server, logins and pools, migrations, results by COPY."""
