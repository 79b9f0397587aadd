"""Evaluators of echodfkd, imported as `echodfkd.eval`."""

if __name__ != "echodfkd.eval":  # a second copy of every registry would split isinstance
    raise ImportError("import this package as 'echodfkd.eval', not as 'eval'")
