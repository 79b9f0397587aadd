"""The report as one HTML file that needs nothing else: no script, no request, no font to fetch."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from echodfkd.eval.report.content import Report
from echodfkd.files import write_text

HERE = Path(__file__).parent


def render(report: Report) -> str:
    """The page as HTML: light and dark by the reader's setting, readable on a phone, printable."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (HERE / "page.css").read_text(encoding="utf-8")
    return environment.get_template("page.html").render(report=report, style=style)


def write_report(report: Report, path: Path) -> None:
    """Write the page, whole or not at all."""
    write_text(path, render(report))
