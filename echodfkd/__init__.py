"""Data-free distillation toolkit for echocardiography. For research, not for diagnosis."""

__version__ = "0.1.0"
