"""Frames as they arrive: a file, a pipe or a capture device, masks at once, ED and ES soon after."""
