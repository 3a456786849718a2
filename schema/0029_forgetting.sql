-- Documents that named a person who was forgotten (provtap forget): the stored bytes have a pseudonym instead.
SET LOCAL search_path = provtap;

-- doc_sha256 stays that of the original, so that the original is recognised when it comes again.
ALTER TABLE document ADD COLUMN doc_rewritten_sha256 text COLLATE "C";  -- null: the bytes are the original ones

-- Digests of such originals: nobody can store them again, from another site or after the ingestion was undone.
CREATE TABLE forgotten_document (
    fd_sha256  text COLLATE "C" PRIMARY KEY,
    fd_time    timestamptz NOT NULL DEFAULT now()
);
