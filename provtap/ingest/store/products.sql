-- Statements of products.py. The function is in schema/0023_observations.sql.

-- name: is_any_observation
SELECT EXISTS (SELECT FROM ivoa.obscore) AS found;

-- name: link_entities
SELECT provtap.link_products(entities => %(entities)s::text[]);

-- name: link_observations
SELECT provtap.link_products(dids => %(dids)s::text[]);

-- name: link_all
SELECT provtap.link_products();
