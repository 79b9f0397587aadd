"""Errors meant for the user's eyes: one clear line, never a traceback."""


class EchoError(Exception):
    """Something is wrong with the input or the surroundings. The message says what, and what to do.

    The command line prints it on one line and exits with `exit_code`.
    """

    exit_code = 1


class UsageError(EchoError):
    """The arguments themselves are wrong (an unknown name, a range upside down): exit code 2."""

    exit_code = 2


def unknown_name(kind: str, name: str, choices: "list[str]") -> UsageError:
    """Error for a name that no registry holds; lists the choices.

    >>> str(unknown_name("teacher", "foo", ["sim"]))
    "unknown teacher 'foo'; choose from: sim"
    """
    return UsageError(f"unknown {kind} {name!r}; choose from: {', '.join(sorted(choices))}")
