"""Writing a model in a format that other programs run."""
