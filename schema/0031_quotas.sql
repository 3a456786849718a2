-- Limits of single accounts instead of PROVTAP_CLIENT_BYTES and PROVTAP_CLIENT_JOBS; null: the general one.
CREATE TABLE provtap.quota (
    qt_name   text COLLATE "C" PRIMARY KEY,  -- of the account
    qt_bytes  bigint CHECK (qt_bytes > 0),
    qt_jobs   integer CHECK (qt_jobs > 0)
);
