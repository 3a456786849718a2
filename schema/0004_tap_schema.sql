-- TAP_SCHEMA (TAP 1.1, section 4), filled from the metadata files by `provtap init`.

CREATE SCHEMA tap_schema;
SET LOCAL search_path = tap_schema;

CREATE TABLE schemas (
    schema_name   text COLLATE "C" PRIMARY KEY,
    utype         text,
    description   text,
    schema_index  integer
);

CREATE TABLE tables (
    schema_name  text COLLATE "C" NOT NULL REFERENCES schemas,
    table_name   text COLLATE "C" PRIMARY KEY,
    table_type   text NOT NULL CHECK (table_type IN ('table', 'view')),
    utype        text,
    description  text,
    table_index  integer
);

CREATE TABLE columns (
    table_name    text COLLATE "C" NOT NULL REFERENCES tables,
    column_name   text COLLATE "C" NOT NULL,
    datatype      text NOT NULL,
    arraysize     text,
    xtype         text,
    size          integer,
    description   text,
    utype         text,
    unit          text,
    ucd           text,
    indexed       integer NOT NULL CHECK (indexed IN (0, 1)),
    principal     integer NOT NULL CHECK (principal IN (0, 1)),
    std           integer NOT NULL CHECK (std IN (0, 1)),
    column_index  integer,
    PRIMARY KEY (table_name, column_name)
);

CREATE TABLE keys (
    key_id        text COLLATE "C" PRIMARY KEY,
    from_table    text COLLATE "C" NOT NULL REFERENCES tables,
    target_table  text COLLATE "C" NOT NULL REFERENCES tables,
    description   text,
    utype         text
);

CREATE TABLE key_columns (
    key_id         text COLLATE "C" NOT NULL REFERENCES keys,
    from_column    text COLLATE "C" NOT NULL,
    target_column  text COLLATE "C" NOT NULL,
    PRIMARY KEY (key_id, from_column)
);

-- One row: the metadata files that the rows above were made from. A node that has other ones says so.
CREATE TABLE digest (
    sha256  text COLLATE "C" NOT NULL
);
