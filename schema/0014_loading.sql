-- Less to write for each row that is told. What a thing's own record says needs no entry in trust; and what only
-- the loader writes, about rows that it writes as well, needs no key that PostgreSQL checks.

SET LOCAL search_path = provtap;

DELETE FROM trust WHERE t_rank = 0 AND t_claimant = '';
COMMENT ON TABLE trust IS 'Without an entry: rank 0, claimant empty.';

ALTER TABLE reading DROP CONSTRAINT reading_rd_activity_id_fkey, DROP CONSTRAINT reading_rd_entity_id_fkey;
ALTER TABLE record DROP CONSTRAINT record_rec_activity_id_fkey, DROP CONSTRAINT record_rec_ingestion_id_fkey;
