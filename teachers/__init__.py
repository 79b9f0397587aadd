"""Teachers of echodfkd, imported as `echodfkd.teachers`."""

if __name__ != "echodfkd.teachers":  # a second copy of every registry would split isinstance
    raise ImportError("import this package as 'echodfkd.teachers', not as 'teachers'")
