"""Files of descriptions (YAML): what the activities of a pipeline are."""
