"""The ProvenanceDM tables as numbered SQL files; a later number is a migration."""
