from echodfkd.cli.command_line import command_line


def test_the_line_can_be_typed_again() -> None:
    words = ["eval", "tiny", "runs/a b", "--seed=3", "--output", "out"]
    assert command_line(words) == "echodfkd eval tiny 'runs/a b' --seed=3 --output out"


def test_absolute_paths_do_not_tell_where_they_are() -> None:
    assert (
        command_line(["eval", "/home/someone/run", "--output=/tmp/x/out"]) == "echodfkd eval run --output=out"
    )
