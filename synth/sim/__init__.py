"""The procedural simulator: anatomy, motion, ultrasound physics and scanner, one module each."""
