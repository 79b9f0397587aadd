"""The command line: one table of commands, each imported only when it is called."""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

import echodfkd
from echodfkd.cli.failures import failing_on_sigterm, report
from echodfkd.cli.options import Debug, wants_debug
from echodfkd.errors import UsageError
from echodfkd.ranks import world_asked_for


class Entry(NamedTuple):
    """Where a command's function is, one line on it, an example that works, whether ranks share it."""

    function: str
    summary: str
    example: str
    shared: bool = False


COMMANDS = {
    "demo": Entry(
        "echodfkd.cli.demo:demo",
        "The whole road in minutes: synthesise, label, distil, evaluate, export, segment.",
        "echodfkd demo --output echodfkd-demo",
    ),
    "synth": Entry(
        "echodfkd.cli.synth:synth",
        "Make a clip set with exact labels out of nothing.",
        "echodfkd synth clips --clips 100 --seed 1",
        shared=True,
    ),
    "label": Entry(
        "echodfkd.cli.label:label",
        "Write a teacher's soft masks beside the clips of a clip set.",
        "echodfkd label clips --teacher sim",
        shared=True,
    ),
    "distill": Entry(
        "echodfkd.cli.distill:distill",
        "Train a student on what a teacher sees.",
        "echodfkd distill --teacher sim --student default --generator sim --clips 1000 --output run",
        shared=True,
    ),
    "eval": Entry(
        "echodfkd.cli.eval_:eval_",
        "Score models on a clip set: Dice, ED/ES, EF, with intervals and a report.",
        "echodfkd eval default clips --output scores",
    ),
    "segment": Entry(
        "echodfkd.cli.segment:segment",
        "Find the left ventricle in clips: masks, area curve, ED/ES, EF.",
        "echodfkd segment clip.dcm --output results",
    ),
    "export": Entry(
        "echodfkd.cli.export:export",
        "Write a model in a format that other programs run.",
        "echodfkd export default --format onnx --output exported",
    ),
    "train": Entry(
        "echodfkd.cli.train:train",
        "Train a teacher or another system's part.",
        "echodfkd train teacher --generator sim --output run",
    ),
    "models": Entry(
        "echodfkd.cli.models:models",
        "List every generator, teacher, student and export format, and whether it is ready.",
        "echodfkd models --json",
    ),
}

SETTINGS = {"help_option_names": ["-h", "--help"]}


class LazyCommand(TyperCommand):
    """A command known by its table entry alone; its module is imported when it is about to run."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.summary, short_help=entry.summary)
        self.entry = entry

    def load(self) -> Any:
        """The real click command, made by typer from the function's signature."""
        module, function = self.entry.function.split(":")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        epilog = f"\b\nExample:\n  {self.entry.example}"
        app.command(self.name, epilog=epilog, context_settings=SETTINGS)(
            getattr(import_module(module), function)
        )
        return typer.main.get_command(app)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Hand over to the real command: parse the rest of the line as it wants it."""
        if not self.entry.shared and world_asked_for() > 1:
            raise UsageError(f"{self.name} is work for one process: start it without torchrun or srun")
        return self.load().make_context(info_name, args, parent, **extra)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"echodfkd {echodfkd.__version__}")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Data-free distillation for echocardiography: small left-ventricle models without a patient clip.

    For research, not for diagnosis.
    """
    if ctx.invoked_subcommand is None:
        print(ctx.get_help())


def build_group() -> TyperGroup:
    """The click group that holds every command of `COMMANDS`."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=SETTINGS)
    epilog = "\b\nExample:\n  echodfkd demo\n  echodfkd COMMAND --help"
    app.callback(invoke_without_command=True, epilog=epilog)(_root)
    group = typer.main.get_group(app)
    group.commands = {name: LazyCommand(name, entry) for name, entry in COMMANDS.items()}
    return group


def _run(arguments: list[str]) -> None:
    """Parse and run without click's own error handling, so that `report` sees every exception.

    Commands find the words of the line in their context's `obj`.
    """
    group = build_group()
    with group.make_context("echodfkd", arguments, obj=list(arguments)) as ctx:
        group.invoke(ctx)
    sys.stdout.flush()  # a closed pipe shows here, while it can still be caught


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's own) and return its exit code.

    0 success, 2 bad arguments, 130 Ctrl-C or SIGTERM, 1 anything else. A failure is one line on stderr;
    `--debug` anywhere on the line adds the traceback. Nothing is raised.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = wants_debug(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a file name that is no text must not end the run
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings(), failing_on_sigterm():
        if not debug and not sys.warnoptions:
            warnings.simplefilter("ignore")  # a library's warnings are for its developers
        try:
            _run(arguments)
        except BaseException as error:
            return report(error, debug)
    return 0
