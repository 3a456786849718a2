"""A store like that of a pipeline: products in layers, each made by a run from products of the layer before.

Each run uses two products of the layer before, which its neighbours use as well, and one of 50 calibration
files of its layer; it makes a product and a log. So the twelfth layer's products have 168 ancestors.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from store import store

from provtap.config import Settings

LAYERS = 12
FILL = """
SET session_replication_role = replica;  -- the rows are right: no key need be checked
INSERT INTO provenance.entity (e_id, e_class, e_name)
SELECT 'product/' || l || '/' || n, 'DatasetEntity', 'product_' || l || '_' || lpad(n::text, 8, '0') || '.h5'
  FROM generate_series(0, %(layers)s) AS l, generate_series(0, %(width)s - 1) AS n
 UNION ALL
SELECT 'log/' || l || '/' || n, 'Entity', 'log_' || l || '_' || n || '.txt'
  FROM generate_series(1, %(layers)s) AS l, generate_series(0, %(width)s - 1) AS n
 UNION ALL
SELECT 'calibration/' || l || '/' || n, 'DatasetEntity', 'calibration_' || l || '_' || n || '.h5'
  FROM generate_series(1, %(layers)s) AS l, generate_series(0, 49) AS n;
INSERT INTO provenance.activity (a_id, a_name)
SELECT 'run/' || l || '/' || n, 'tool' || l
  FROM generate_series(1, %(layers)s) AS l, generate_series(0, %(width)s - 1) AS n;
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role)
SELECT 'run/' || l || '/' || n, 'product/' || l - 1 || '/' || mod(n + k, %(width)s), 'Event'
  FROM generate_series(1, %(layers)s) AS l, generate_series(0, %(width)s - 1) AS n, generate_series(0, 1) AS k
 UNION ALL
SELECT 'run/' || l || '/' || n, 'calibration/' || l || '/' || mod(n, 50), 'Calibration'
  FROM generate_series(1, %(layers)s) AS l, generate_series(0, %(width)s - 1) AS n;
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id, wgb_role)
SELECT kind || '/' || l || '/' || n, 'run/' || l || '/' || n, kind
  FROM generate_series(1, %(layers)s) AS l, generate_series(0, %(width)s - 1) AS n,
       unnest(ARRAY['product', 'log']) AS kind;
"""


@contextmanager
def layered_store(activities: int) -> Iterator[Settings]:
    """Make a store with as many *activities*, in LAYERS layers."""
    with store(0) as settings:
        connection = psycopg2.connect(str(settings.database_url))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"layers": LAYERS, "width": activities // LAYERS})
            cursor.execute("VACUUM ANALYZE")
        connection.close()
        yield settings
