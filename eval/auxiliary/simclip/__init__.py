"""The embedded auxiliary model: a small image-text model trained on the simulator, and its training."""
