"""Functions that tests send to worker processes, which must be able to import them."""

import os


def square_and_process(number: int) -> tuple[int, int]:
    return number**2, os.getpid()
