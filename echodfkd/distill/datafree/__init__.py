"""Distillation from the weights of a teacher alone: no clip of a simulator, no frame of a patient."""

ADVERSARIAL = "adversarial"  # in place of a generator's name: a network that learns to draw clips
