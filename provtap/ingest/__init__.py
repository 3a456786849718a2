"""Sources of provenance: readers, identity rules, loader."""
