-- Backups that provtap backup wrote, for provtap status.
CREATE TABLE provtap.backup (
    bk_time   timestamptz PRIMARY KEY,  -- of the snapshot
    bk_place  text NOT NULL,            -- directory, with the name of its machine
    bk_bytes  bigint NOT NULL
);
