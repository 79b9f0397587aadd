"""The re-identification filter: finds synthetic clips that copy one their generator learned from.

`fit_filter` (filter.py) learns a threshold from the training set, `FilteredGenerator` (generator.py) draws
anew what is rejected, `report_on_set` (report.py) says what came of it.
"""
