-- Attempts of an activity that was tried again, one row each: of Rubin's quanta, and of other batch systems.
SET LOCAL search_path = provext, provenance;

CREATE TABLE attempt (
    at_activity_id  identifier NOT NULL REFERENCES activity ON DELETE CASCADE,
    at_number       integer NOT NULL,       -- from 0
    at_status       role,
    at_caveats      text COLLATE "C",
    at_exception    label,
    at_message      text,
    at_starttime    instant,
    at_endtime      instant CHECK (at_endtime >= at_starttime),
    at_cputime      double precision CHECK (at_cputime >= 0),   -- seconds
    at_memory       bigint CHECK (at_memory >= 0),              -- bytes
    at_host         label,
    PRIMARY KEY (at_activity_id, at_number)
);
CREATE INDEX ON attempt (at_status);
CREATE INDEX ON attempt (at_exception);
