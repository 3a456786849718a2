"""Files of descriptions (YAML) of the activities of a pipeline."""
