-- Statements of withdrawals.py. {forth} is one step of a walk to descendants, made by adql/lineage.

-- name: lift
-- Restore the ends that entities have without a withdrawal.
WITH lifted AS (
    DELETE FROM provtap.own_end
     WHERE oe_entity_id IN (SELECT json_array_elements_text(%(entities)s::json))
    RETURNING oe_entity_id, oe_time
)
UPDATE provenance.entity SET e_invalidatedattime = oe_time
  FROM lifted
 WHERE e_id = oe_entity_id AND e_invalidatedattime IS DISTINCT FROM oe_time;

-- name: end
-- A withdrawal ends with the next one of the same entity, or with its reinstatement.
WITH settled AS (
    SELECT w_activity_id, w_entity_id,
           least(lead(w_time) OVER (PARTITION BY w_entity_id ORDER BY w_time, w_activity_id),
                 (SELECT min(rs_time)
                    FROM provtap.reinstatement
                   WHERE rs_entity_id = w_entity_id AND rs_time >= w_time)) AS until
      FROM provext.withdrawal
     WHERE w_entity_id IN (SELECT json_array_elements_text(%(entities)s::json))
)
UPDATE provext.withdrawal AS held SET w_until = until
  FROM settled
 WHERE held.w_activity_id = settled.w_activity_id AND held.w_entity_id = settled.w_entity_id
   AND held.w_until IS DISTINCT FROM until;

-- name: withdraw
-- End withdrawn entities, but not before they were generated.
WITH withdrawn AS (
    SELECT e_id, e_invalidatedattime, least(e_invalidatedattime, greatest(w_since, e_generatedattime)) AS time
      FROM provext.withdrawal JOIN provenance.entity ON e_id = w_entity_id
     WHERE w_until IS NULL AND w_entity_id IN (SELECT json_array_elements_text(%(entities)s::json))
), kept AS (
    INSERT INTO provtap.own_end (oe_entity_id, oe_time) SELECT e_id, e_invalidatedattime FROM withdrawn
)
UPDATE provenance.entity SET e_invalidatedattime = time
  FROM withdrawn
 WHERE entity.e_id = withdrawn.e_id AND entity.e_invalidatedattime IS DISTINCT FROM time;

-- name: changed
-- Entities of a load whose ancestors may have changed.
SELECT wgb_entity_id AS id
  FROM provenance.wasgeneratedby
 WHERE wgb_activity_id IN (SELECT json_array_elements_text(%(activities)s::json))
 UNION
SELECT cp_entity_id
  FROM provext.copy
 WHERE cp_original_id IN (SELECT json_array_elements_text(%(entities)s::json))
 UNION
SELECT id FROM json_array_elements_text(%(entities)s::json) AS given (id);

-- name: standing_now
-- Whether any entity is withdrawn now.
SELECT EXISTS (SELECT FROM provext.withdrawal WHERE w_until IS NULL) AS any;

-- name: activities_of
-- All withdrawals of these entities, ended or not.
SELECT DISTINCT w_activity_id AS id
  FROM provext.withdrawal
 WHERE w_entity_id IN (SELECT json_array_elements_text(%(entities)s::json))
 ORDER BY 1;

-- name: open_activities
-- All withdrawals that have not ended, and those with valid notices.
SELECT w_activity_id AS id FROM provext.withdrawal WHERE w_until IS NULL
 UNION
SELECT n_activity_id FROM provext.notice AS told WHERE {holds}
 ORDER BY 1;

-- name: withdrawn_by
-- The entities that are still withdrawn by these withdrawals.
SELECT w_activity_id AS activity, w_entity_id AS id
  FROM provext.withdrawal
 WHERE w_until IS NULL AND w_activity_id = ANY (%(activities)s::text[]);

-- name: holds
-- Whether a notice was not revoked.
n_event IN ('withdrawn', 'affected')
AND NOT EXISTS (SELECT FROM provext.notice AS later
                 WHERE later.n_activity_id = told.n_activity_id AND later.n_entity_id = told.n_entity_id
                   AND later.n_number > told.n_number)

-- name: tell
-- The values that a run left behind, such as its exit code, are not told of.
-- Tell of entities that a withdrawal named, or that were made from those, and of all that was made from them.
WITH RECURSIVE made (activity, id, kind) AS (
    SELECT activity COLLATE "C", id COLLATE "C", 0
      FROM unnest(%(activities)s::text[], %(ids)s::text[]) AS seed (activity, id)
     UNION
    SELECT made.activity, there.id, there.kind FROM made CROSS JOIN LATERAL ({forth}) AS there (id, kind)
), known AS (
    SELECT w_activity_id, min(w_entity_id) AS only_id
      FROM provext.withdrawal
     WHERE w_activity_id = ANY (%(activities)s::text[])
     GROUP BY w_activity_id
    HAVING count(*) = 1
), event AS (
    SELECT activity, id, w_entity_id IS NOT NULL AS is_withdrawn
      FROM made JOIN provenance.entity ON e_id = id
      LEFT JOIN provext.withdrawal ON w_activity_id = activity AND w_entity_id = id AND w_until IS NULL
     WHERE kind = 0 AND (e_class <> 'ValueEntity' OR w_entity_id IS NOT NULL)
)
INSERT INTO provext.notice (n_event, n_entity_id, n_withdrawn_id, n_activity_id)
SELECT CASE WHEN is_withdrawn THEN 'withdrawn' ELSE 'affected' END, id,
       CASE WHEN is_withdrawn THEN id ELSE only_id END, activity
  FROM event LEFT JOIN known ON w_activity_id = activity
 WHERE NOT EXISTS (SELECT FROM provext.notice AS told
                    WHERE n_activity_id = activity AND n_entity_id = id AND {holds})
 ORDER BY activity, NOT is_withdrawn, id;

-- name: take_back
-- Revoke the notices about these withdrawals that are no longer true.
WITH RECURSIVE made (activity, id, kind) AS (
    SELECT w_activity_id::text COLLATE "C", w_entity_id::text COLLATE "C", 0
      FROM provext.withdrawal
     WHERE w_until IS NULL AND w_activity_id = ANY (%(activities)s::text[])
     UNION
    SELECT made.activity, there.id, there.kind FROM made CROSS JOIN LATERAL ({forth}) AS there (id, kind)
)
INSERT INTO provext.notice (n_event, n_entity_id, n_withdrawn_id, n_activity_id)
SELECT CASE n_event WHEN 'withdrawn' THEN 'reinstated' ELSE 'cleared' END, n_entity_id, n_withdrawn_id, n_activity_id
  FROM provext.notice AS told
 WHERE n_activity_id = ANY (%(activities)s::text[]) AND {holds}
   AND CASE n_event
       WHEN 'withdrawn' THEN NOT EXISTS (SELECT FROM provext.withdrawal
                                          WHERE w_activity_id = n_activity_id AND w_entity_id = n_entity_id
                                            AND w_until IS NULL)
       ELSE (n_activity_id, n_entity_id) NOT IN (SELECT activity, id FROM made WHERE kind = 0) END
 ORDER BY n_activity_id, n_event <> 'withdrawn', n_entity_id;

-- name: all_withdrawn
SELECT w_entity_id AS id FROM provext.withdrawal WHERE w_until IS NULL ORDER BY 1;
