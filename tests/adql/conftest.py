"""A database with the lab's tables, for tests of what PostgreSQL answers."""

import psycopg2
import pytest

from provtap.adql import translate
from tests.adql.lab import LAB, SQL, fetch


@pytest.fixture(scope="package")
def lab(server):
    """A connection to a database with the lab's tables."""
    url = server.create()
    connection = psycopg2.connect(url, options="-c datestyle=iso -c timezone=UTC")
    with connection, connection.cursor() as cursor:
        cursor.execute(SQL)
    yield connection
    connection.close()
    server.drop(url)


@pytest.fixture
def ask(lab):
    """A function that runs ADQL on the lab's tables, and returns the cells as results get them."""
    return lambda text, maxrec=1_000: fetch(lab, translate(text, LAB).copy_sql(maxrec))


@pytest.fixture(scope="module")
def reader(template):
    """A connection to a database that init was run on, which nobody can copy meanwhile."""
    connection = psycopg2.connect(template.database_url)
    yield connection
    connection.close()
