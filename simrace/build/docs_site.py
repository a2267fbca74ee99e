"""The documentation site: dbt's page of tables, dbt-colibri's lineage of columns, and a page that leads to both."""

import contextlib
import html
import io
import logging
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

TABLES, LINEAGE, INDEX = Path("static_index.html"), Path("lineage", "index.html"), Path("documentation.html")
WAY_OUT = 'Column lineage needs the extra "docs": pip install "simrace[docs]", then `simrace docs` again.'

# The lineage opens on a chosen column, because its page is empty without one.
_EXAMPLE = "?model=model.simrace.fct_lap_corners&column=brake_point_m&parents=1"
_TABLES_LINK = (
    TABLES.as_posix(),
    "Tables and columns",
    "What each table holds, its columns, tests and SQL. Start here.",
)
_LINEAGE_LINK = (
    LINEAGE.as_posix() + _EXAMPLE,
    "Column lineage",
    "Where a column comes from, step by step back to the files, and what is made from it.",
)
_LINK = '<li><a href="{}">{}</a><br>{}</li>'
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>simrace documentation</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.05rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }}
li {{ margin: 1rem 0; }}
</style>
<h1>simrace documentation</h1>
<ul>
{links}
</ul>
<p>{note}</p>
</html>
"""


@dataclass(frozen=True)
class Site:
    """What was made.

    Attributes:
        page: The page to open; it leads to the rest.
        has_lineage: Whether the lineage of columns is there.
    """

    page: Path
    has_lineage: bool


def make_site(target: Path) -> Site:
    """Add the lineage of columns, if dbt-colibri is installed, and the page that leads to both.

    Args:
        target: Folder in which `dbt docs generate --static` has just written its page, manifest and catalog.
    """
    has_lineage = find_spec("dbt_colibri") is not None
    if has_lineage:
        _write_lineage(target)
    links = [_TABLES_LINK, _LINEAGE_LINK] if has_lineage else [_TABLES_LINK]
    text = _PAGE.format(
        links="\n".join(_LINK.format(*map(html.escape, link)) for link in links),
        note="" if has_lineage else html.escape(WAY_OUT),
    )
    page = target / INDEX
    page.write_text(text, encoding="utf-8")
    return Site(page, has_lineage)


def _write_lineage(target: Path) -> None:
    from sqlglot.optimizer.scope import Scope

    # dbt-colibri 0.3 needs a name that newer versions of sqlglot changed; without it, unions have no lineage.
    if not hasattr(Scope, "union_scopes"):
        Scope.union_scopes = property(lambda scope: scope.set_operation_scopes)  # type: ignore[attr-defined]
    from dbt_colibri.lineage_extractor.extractor import DbtColumnLineageExtractor  # type: ignore[import-untyped]
    from dbt_colibri.report.generator import DbtColibriReportGenerator  # type: ignore[import-untyped]

    # It warns about tables that are not models (ops), once for each column that reads them.
    logging.getLogger("colibri").setLevel(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()):
        extractor = DbtColumnLineageExtractor(str(target / "manifest.json"), str(target / "catalog.json"))
        # light leaves the SQL out, which dbt's page has
        generator = DbtColibriReportGenerator(extractor, light_mode=True, disable_telemetry=True)
        generator.generate_report(output_dir=str(target / LINEAGE.parent))
