"""Efficient semantic diffusion (EDMLX, arXiv 2409.19371): stills of exact label maps, by six models."""
