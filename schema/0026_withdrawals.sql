-- Entities that were withdrawn, since when and why, and notices about everything that was made from them.
SET LOCAL search_path = provext, provenance;

-- One row for each entity that a withdrawal names. An entity may be withdrawn again after it was reinstated; a
-- withdrawal that follows another one ends it. Both can arrive in any order: the loader finds w_until anew.
CREATE TABLE withdrawal (
    w_entity_id     identifier NOT NULL REFERENCES entity,
    w_kind          role NOT NULL,
    w_reason        text NOT NULL,
    w_since         instant NOT NULL,
    w_until         instant,
    w_successor_id  identifier REFERENCES entity,
    w_agent_id      identifier NOT NULL REFERENCES agent,
    w_time          instant NOT NULL,
    w_activity_id   identifier NOT NULL REFERENCES activity,
    PRIMARY KEY (w_activity_id, w_entity_id)
);
CREATE INDEX ON withdrawal (w_entity_id);
CREATE INDEX ON withdrawal (w_successor_id);
CREATE INDEX ON withdrawal (w_agent_id);
CREATE INDEX ON withdrawal (w_time);
CREATE INDEX withdrawal_now ON withdrawal (w_entity_id) WHERE w_until IS NULL;

CREATE TABLE provtap.reinstatement (
    rs_activity_id  identifier NOT NULL REFERENCES activity,
    rs_entity_id    identifier NOT NULL REFERENCES entity,
    rs_time         instant NOT NULL,
    PRIMARY KEY (rs_activity_id, rs_entity_id)
);
CREATE INDEX ON provtap.reinstatement (rs_entity_id);

-- The end that an entity has apart from its withdrawal: what documents say of it is joined with this one.
CREATE TABLE provtap.own_end (
    oe_entity_id  identifier PRIMARY KEY REFERENCES entity ON DELETE CASCADE,
    oe_time       instant
);

-- Who must be told of something about an entity: those who answer for it or for the run that made it. As in last_step,
-- what is not asked for is not looked up.
CREATE VIEW owner AS
    SELECT e_id AS ow_entity_id,
           (SELECT string_agg(DISTINCT ag_name, '; ' ORDER BY ag_name) FROM agent
             WHERE ag_type IS DISTINCT FROM 'SoftwareAgent'
               AND ag_id IN (SELECT wat_agent_id FROM wasattributedto WHERE wat_entity_id = e_id
                             UNION ALL
                             SELECT waw_agent_id FROM wasassociatedwith JOIN wasgeneratedby ON wgb_entity_id = e_id
                              WHERE waw_activity_id = wgb_activity_id)) AS ow_names,
           (SELECT string_agg(DISTINCT ag_email, '; ' ORDER BY ag_email) FROM agent
             WHERE ag_type IS DISTINCT FROM 'SoftwareAgent'
               AND ag_id IN (SELECT wat_agent_id FROM wasattributedto WHERE wat_entity_id = e_id
                             UNION ALL
                             SELECT waw_agent_id FROM wasassociatedwith JOIN wasgeneratedby ON wgb_entity_id = e_id
                              WHERE waw_activity_id = wgb_activity_id)) AS ow_emails
      FROM entity;

-- Whether an entity that was made from a withdrawn one has been replaced: by a later valid entity of its name that was
-- not made from that. NULL for NULL.
CREATE FUNCTION provext.replaced(entity_id text, withdrawn_id text) RETURNS integer LANGUAGE sql STABLE STRICT
    BEGIN ATOMIC
    SELECT EXISTS (
        SELECT
          FROM entity AS own
          JOIN entity AS other ON other.e_name = own.e_name AND other.e_generatedattime > own.e_generatedattime
         WHERE own.e_id = entity_id AND other.e_invalidatedattime IS NULL
           AND NOT EXISTS (
               WITH RECURSIVE behind (id, kind) AS (
                   SELECT other.e_id::text COLLATE "C", 0
                    UNION
                   SELECT there.id, there.kind
                     FROM behind
                    CROSS JOIN LATERAL (
                        SELECT wgb_activity_id::text, 1 FROM wasgeneratedby
                         WHERE behind.kind = 0 AND wgb_entity_id = behind.id
                         UNION ALL
                        SELECT u_entity_id, 0 FROM used WHERE behind.kind = 1 AND u_activity_id = behind.id
                         UNION ALL
                        SELECT wdf_usedentity_id, 0 FROM wasderivedfrom
                         WHERE behind.kind = 0 AND wdf_generatedentity_id = behind.id) AS there (id, kind)
               )
               SELECT FROM behind WHERE kind = 0 AND id = withdrawn_id))::integer;
END;

-- What readers of /feed are told, in the order in which it became visible: documents are stored one at a time, so a
-- larger number never becomes visible before a smaller one. Nothing is changed or deleted, not even by a rebuild.
-- No foreign keys: an entity may be gone by then.
CREATE TABLE notice (
    n_number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    n_time          instant NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    n_event         text COLLATE "C" NOT NULL
                    CHECK (n_event IN ('withdrawn', 'affected', 'reinstated', 'cleared')),
    n_entity_id     identifier NOT NULL,
    n_withdrawn_id  identifier,          -- null: the withdrawal named several
    n_activity_id   identifier NOT NULL  -- of the withdrawal
);
CREATE INDEX ON notice (n_activity_id, n_entity_id, n_number);
CREATE INDEX ON notice (n_entity_id);
CREATE INDEX ON notice (n_withdrawn_id);
