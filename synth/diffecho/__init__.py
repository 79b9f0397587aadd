"""DiffEcho (arXiv 2403.19880): stills of a view and a phase, drawn by class, by text, by text and mask."""
