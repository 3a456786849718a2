-- Statements of forget.py.

-- name: agents
-- Those with this id, name, e-mail address or ORCID, and their persistent identifiers.
SELECT agent.*,
       ARRAY(SELECT ai_value::text FROM provext.agent_id
              WHERE ai_agent_id = ag_id AND ai_scheme IN ('orcid', 'isni')) AS ids
  FROM provenance.agent
 WHERE ag_id = %(agent)s OR ag_name = %(agent)s OR lower(ag_email) = lower(%(agent)s)
    OR EXISTS (SELECT FROM provext.agent_id
                WHERE ai_agent_id = ag_id AND ai_scheme IN ('orcid', 'isni')
                  AND ai_value = regexp_replace(%(agent)s, '^.*/', ''))
 ORDER BY ag_id;

-- name: shared
-- Contacts that other agents have as well, such as the address of an institute.
SELECT DISTINCT contact
  FROM provenance.agent, unnest(ARRAY[ag_email, ag_phone, ag_address, ag_url]) AS contact
 WHERE ag_id <> ALL (%(ids)s) AND contact = ANY (%(contacts)s);

-- name: documents
SELECT doc_ingestion_id AS ingestion, doc_format AS format FROM provtap.document ORDER BY doc_ingestion_id;

-- name: content
SELECT doc_content AS content FROM provtap.document WHERE doc_ingestion_id = %(ingestion)s;

-- name: rewrite
UPDATE provtap.document
   SET doc_content = %(content)s, doc_rewritten_sha256 = %(sha256)s
 WHERE doc_ingestion_id = %(ingestion)s;

-- name: mark_rewritten
UPDATE provtap.document SET doc_rewritten_sha256 = %(sha256)s WHERE doc_ingestion_id = %(ingestion)s;

-- name: refuse_original
INSERT INTO provtap.forgotten_document (fd_sha256)
SELECT doc_sha256 FROM provtap.document WHERE doc_ingestion_id = %(ingestion)s
    ON CONFLICT DO NOTHING;

-- name: piece
SELECT dp_content AS content
  FROM provtap.document_piece
 WHERE dp_ingestion_id = %(ingestion)s AND dp_number = %(number)s;

-- name: rewrite_piece
UPDATE provtap.document_piece
   SET dp_content = %(content)s
 WHERE dp_ingestion_id = %(ingestion)s AND dp_number = %(number)s;

-- name: columns
-- The columns with texts of all our tables.
SELECT nspname || '.' || relname AS name, format('%I.%I', nspname, relname) AS table,
       array_agg(quote_ident(attname) ORDER BY attnum) AS columns,
       array_agg(format_type(atttypid, atttypmod) ORDER BY attnum) AS types
  FROM pg_class
  JOIN pg_namespace ON pg_namespace.oid = relnamespace
  JOIN pg_attribute ON attrelid = pg_class.oid
  JOIN pg_type ON pg_type.oid = atttypid
 WHERE nspname IN ('provenance', 'provext', 'provtap', 'uws', 'ivoa', 'tap_schema') AND relkind = 'r'
   AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
   AND (typcategory IN ('S', 'A') OR typname IN ('json', 'jsonb'))
 GROUP BY 1, 2
 ORDER BY 1;

-- name: candidates
SELECT ctid::text AS place, {texts} FROM {table}
 WHERE concat_ws(' ', {columns}) ILIKE ANY (%(probes)s);

-- name: replace
UPDATE {table} SET {settings} WHERE ctid = %(place)s::tid;
