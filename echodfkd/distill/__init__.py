"""Distillation: data, augmentation, losses and the training loop."""
