-- Private: what the processes of one service share beside jobs. All of it is made and changed by the
-- command line or at the start of a server; the reader role sees nothing of it.

SET LOCAL search_path = provtap;

-- Bearer tokens. Only the digest of the secret half is kept: who reads this table can't use one.
CREATE TABLE token (
    tk_id       text COLLATE "C" PRIMARY KEY CHECK (tk_id ~ '^[0-9a-f]{8}$'),
    tk_name     text COLLATE "C" NOT NULL CHECK (tk_name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
    tk_sha256   text COLLATE "C" NOT NULL CHECK (tk_sha256 ~ '^[0-9a-f]{64}$'),
    tk_scopes   text[] COLLATE "C" NOT NULL
                CHECK (tk_scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(tk_scopes) > 0),
    tk_created  timestamptz NOT NULL DEFAULT now(),
    tk_expires  timestamptz,
    tk_revoked  timestamptz
);
CREATE INDEX ON token (tk_name);

-- Times of maintenance, past ones too; at most one is under way or announced.
CREATE TABLE maintenance (
    mt_note   text NOT NULL,
    mt_start  timestamptz NOT NULL,
    mt_until  timestamptz CHECK (mt_until > mt_start),  -- as announced
    mt_ended  timestamptz                               -- as it came
);
CREATE UNIQUE INDEX one_maintenance ON maintenance ((true)) WHERE mt_ended IS NULL;
CREATE INDEX ON maintenance (mt_ended);

-- One row: what the metadata documents were last made from, and since when; Last-Modified on every node.
CREATE TABLE metadata_change (
    mc_sha256  text COLLATE "C" NOT NULL,
    mc_time    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX one_metadata_change ON metadata_change ((true));
