"""A small learned head that reads a clip's curves: EF with an interval, ED and ES, whether it is an LV."""
