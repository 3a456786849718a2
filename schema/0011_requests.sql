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
