"""Generators of echodfkd, imported as `echodfkd.synth`."""

if __name__ != "echodfkd.synth":  # a second copy of every registry would split isinstance
    raise ImportError("import this package as 'echodfkd.synth', not as 'synth'")
