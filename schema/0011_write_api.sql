-- Private: which requests to store something were answered how, so that one that is sent again, since its answer
-- was lost on the way, is answered as before.

SET LOCAL search_path = provtap;

CREATE TABLE answered_request (
    ar_owner   text COLLATE "C" NOT NULL,  -- the account that sent it
    ar_key     text COLLATE "C" NOT NULL CHECK (length(ar_key) BETWEEN 1 AND 255),
    ar_sha256  text COLLATE "C" NOT NULL,  -- of method, address and body
    ar_status  smallint NOT NULL,
    ar_answer  text NOT NULL,              -- to the byte
    ar_time    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ar_owner, ar_key)
);
CREATE INDEX ON answered_request (ar_time);

-- When entities ended, as those tell who ended them; that may be long after the entity's own record. The earliest
-- one that is not before the entity's generation is in provenance.entity.
CREATE TABLE invalidation (
    iv_entity_id  provenance.identifier NOT NULL REFERENCES provenance.entity ON DELETE CASCADE,
    iv_time       provenance.instant NOT NULL,
    PRIMARY KEY (iv_entity_id, iv_time)
);
