"""Student networks: families, checkpoints, and running them."""
