-- Statements of documents that may be about anything, such as W3C PROV: they leave out what they do not know,
-- and two of them may tell of the same usage.

SET LOCAL search_path = provenance;

-- PROV-DM 1.0: a generation needs no activity, a usage no entity, an association no agent.
ALTER TABLE provext.relation
    ALTER COLUMN rel_subject_id DROP NOT NULL,
    ALTER COLUMN rel_object_id DROP NOT NULL,
    ADD CHECK (num_nonnulls(rel_subject_id, rel_object_id) > 0);

-- When each telling says that something was used. provenance.used has the earliest that lies within the
-- activity, whatever its bounds turn out to be.
ALTER TABLE provtap.reading ADD COLUMN rd_usagetime instant;
DROP INDEX provtap.reading_key;
CREATE UNIQUE INDEX reading_key
    ON provtap.reading (rd_activity_id, rd_role, rd_told_id, rd_storage, md5(rd_url), rd_usagetime) NULLS NOT DISTINCT;
CREATE INDEX timed ON provtap.reading (rd_activity_id) WHERE rd_usagetime IS NOT NULL;
