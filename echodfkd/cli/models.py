"""`echodfkd models`: what there is, and whether it is ready."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from echodfkd.cli.options import Debug, Device, Quiet, Seed

if TYPE_CHECKING:
    from rich.table import Table

    from echodfkd.catalogue import Entry

WIDE = 200  # columns for a reader that is no terminal: nothing gets cut


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object per entry.")] = False,
    seed: Seed = 0,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """List every generator, teacher, student, auxiliary model and export format of this version.

    Says what each is, its source, licence, size and needs, and whether it is ready to use. Loads and
    downloads nothing. (--seed and --device are taken as everywhere and change nothing here.)
    """
    import json

    from echodfkd.catalogue import catalogue

    entries = catalogue()
    if as_json:
        print(json.dumps([as_dict(entry) for entry in entries], indent=2))
    elif not quiet:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else WIDE).print(as_table(entries))


def as_dict(entry: "Entry") -> dict[str, Any]:
    """One entry as JSON shows it."""
    return {
        "kind": entry.kind,
        "name": entry.name,
        "what": entry.summary,
        "source": entry.source,
        "licence": entry.licence,
        "claim": entry.claim,
        "bytes": entry.bytes,
        "parameters": entry.parameters,
        "sha256": entry.sha256,
        "path": None if entry.path is None else str(entry.path),
        "needs": entry.needs,
        "state": entry.state,
        "ready": entry.ready,
    }


def as_table(entries: "list[Entry]") -> "Table":
    """The catalogue as people read it."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("kind", "name", "what it is", "source", "licence", "size", "needs", "state"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "size" else "left")
    for e in entries:
        row = (e.kind, e.name, e.summary, e.source, e.licence, size(e.bytes), e.needs, e.state)
        table.add_row(*map(escape, row))
    return table


def size(count: int | None) -> str:
    """A number of bytes for people.

    >>> size(3_400_000), size(None)
    ('3.4 MB', '-')
    """
    return "-" if count is None else f"{count / 1e6:.1f} MB"
