"""What is published: one YAML file a schema, in the Felis vocabulary."""
