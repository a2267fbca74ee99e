"""How long until each page of the dashboard shows something, in a Chromium that has seen nothing before.

    .venv/bin/python benchmarks/first_picture.py                      # on the warehouse at hand
    .venv/bin/python benchmarks/first_picture.py --sessions 500       # on one of so many sessions, made for it

It prints the seconds from opening the address: until the first picture (a figure or what stands in for it, a table, a
tile or a sentence in a box; frames of what is still loading do not count), until the first figure that answers to the
mouse, and until the whole page is at rest. The first visit of a page asks the database, later ones find the dashboard's
memory of it; each is by a browser of its own. A reload finds scripts in the browser's memory too.

A warehouse of 500 sessions takes minutes to build, so --sessions drives 60 of them and copies their rows under ids of
their own. Races are as many as there would be, each of its own.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import dashboard_queries
from bench import Bench, bench, table
from selenium.webdriver.support.ui import WebDriverWait

from simrace.dashboard.command import is_free
from simrace.generator import write_sample_files
from simrace.generator.season import write_season

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser import open_browser

PAGES = ("home", "laps", "session", "bests", "consistency", "driver", "track", "race", "strategy", "championship",
         "predictions", "quality")  # fmt: skip
TARGET_S = 2.0
DRIVEN = 60  # sessions that are landed and built; the others are copies of them
RACES_A_SESSION = 0.75
# Samples and what is made of them alone: no page reads them unless it is asked to, and they are most of a warehouse.
NOT_COPIED = ("int_telemetry_samples", "int_telemetry_positions", "int_telemetry_places")
# The page itself notes the times, because asking it again and again would disturb the measurement.
NOTE = """
const seen = window.seen = {}, has = (what) => document.querySelector(what) !== null;
const look = () => {
  const now = performance.now() / 1000, app = document.querySelector("[data-testid=stApp]");
  const all = (what) => [...document.querySelectorAll(what)];
  if (!("picture" in seen) && has(".st-key-channels_place img, .main-svg, [data-testid=stDataFrame] canvas, " +
      "[data-testid=stMetric], [data-testid=stAlert]")) seen.picture = now;
  if (!("figure" in seen) && has(".js-plotly-plot .main-svg")) seen.figure = now;
  const rests = app?.dataset.testScriptState === "notRunning" && has("h1") && "picture" in seen
    && !has(".st-key-rest_of_page")  // figures are still to come
    && all("[data-testid=stPlotlyChart]").every(chart => chart.querySelector(".main-svg"))
    && (!has("[data-testid=stDataFrame]") || has("[data-testid=stDataFrame] canvas"));  // far below none is drawn
  if (!rests) delete seen.rest; else seen.rest ??= now;
};
new MutationObserver(look).observe(document, {childList: true, subtree: true, attributes: true,
  attributeFilter: ["data-test-script-state"]});
"""
AT_REST = "return 'rest' in window.seen && performance.now() / 1000 > window.seen.rest + 1.5 ? window.seen : null"
PATIENCE_S = 60


class Visit(NamedTuple):
    """Seconds until a page showed something; None for a figure that it has not."""

    picture: float
    figure: float | None
    rest: float


def visit(address: str) -> tuple[Visit, Visit]:
    """Open a page in a new browser, and reload it.

    Args:
        address: Of the page.

    Returns:
        What was noted of both.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = open_browser(Path(profile))
        try:
            browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": NOTE})
            noted = []
            for go in (lambda: browser.get(address), browser.refresh):
                go()
                wait = WebDriverWait(browser, PATIENCE_S, poll_frequency=0.3)
                seen = wait.until(lambda page: page.execute_script(AT_REST))
                noted.append(Visit(seen["picture"], seen.get("figure"), seen["rest"]))
            return noted[0], noted[1]
        finally:
            browser.quit()


def measure(environment: dict[str, str], port: int, times: int, pages: list[str]) -> list[str]:
    """Start the dashboard and visit its pages.

    Args:
        environment: Says which warehouse.
        port: Where it may listen.
        times: Visits of each page after the first.
        pages: By their path.

    Returns:
        Lines of a table.
    """
    program = str(Path(sys.executable).with_name("simrace"))
    command = [program, "dashboard", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, start_new_session=True, env=environment)
    lines = [
        "| page | picture, first visit | later | figure, first visit | later | reload | at rest, first visit | later |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    try:
        while is_free(port):
            if server.poll() is not None:
                sys.exit("The dashboard did not start.")
            time.sleep(0.2)
        started, _ = visit(f"http://127.0.0.1:{port}/quality?started=yes")
        over = []
        for page in pages:
            (first, _), *others = [visit(f"http://127.0.0.1:{port}/{page}") for _ in range(1 + times)]
            later, again = ([each[number] for each in others] for number in (0, 1))
            lines.append(
                f"| {page} | {first.picture:.2f} | {_median(later, 'picture')} | {_shown(first.figure)} "
                f"| {_median(later, 'figure')} | {_median(again, 'figure')} | {first.rest:.2f} "
                f"| {_median(later, 'rest')} |"
            )
            over += [page] if first.picture > TARGET_S else []
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    said = f"over {TARGET_S:g} s at the first visit: {', '.join(over)}" if over else f"none over {TARGET_S:g} s"
    return [*lines, "", f"The first page after the dashboard's start took {started.picture:.2f} s; {said}.", ""]


def _median(visits: list[Visit], what: str) -> str:
    known = [seconds for each in visits if (seconds := getattr(each, what)) is not None]
    return _shown(statistics.median(known) if known else None)


def _shown(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"


def make(here: Bench, folder: Path, sessions: int) -> None:
    """Build a warehouse of so many sessions.

    Args:
        here: Its server.
        folder: For its files.
        sessions: How many.
    """
    files = folder / "files"
    write_sample_files(files, min(DRIVEN, sessions))
    shutil.rmtree(files / "results")
    write_season(files / "results", round(RACES_A_SESSION * sessions), 1)
    here.run("simrace", "run", files)
    [(driven,)] = here.query("select count(*) from marts.dim_sessions")
    copies = -(-(sessions - driven) // driven)
    if copies > 0:
        _copy(here, copies)


def _copy(here: Bench, copies: int) -> None:
    """Copy all rows of sessions, as often as is said; foreign keys are looked at when all of them are there."""
    tables = here.query(
        "select format('%%I.%%I', tables.table_schema, tables.table_name), "
        "(select array_agg(quote_ident(columns.column_name) order by columns.ordinal_position) "
        "from information_schema.columns as columns where columns.table_schema = tables.table_schema "
        "and columns.table_name = tables.table_name) from information_schema.tables as tables "
        "inner join pg_constraint as keys on contype = 'p' "
        "and conrelid = format('%%I.%%I', tables.table_schema, tables.table_name)::regclass "
        "inner join pg_attribute as first on first.attrelid = conrelid and first.attnum = conkey[1] "
        "where tables.table_schema in ('intermediate', 'marts') and first.attname = 'session_id' "
        "and not (select relispartition from pg_class where oid = conrelid) and tables.table_name <> all (%s)",
        (list(NOT_COPIED),),
    )
    with closing(here.connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        for name, columns in tables:
            own = [f"md5({each}::text || number)::uuid" if each == "session_id" else each for each in columns]
            cursor.execute(
                f"insert into {name} ({', '.join(columns)}) select {', '.join(own)} from {name} "
                f"cross join generate_series(1, {copies}) as copies (number)"
            )
        connection.commit()
        connection.autocommit = True
        cursor.execute("analyze")


def _open_to_all(folder: Path) -> Path:
    folder.chmod(0o755)  # the server may be of another user
    return folder


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, help="of a warehouse that is made for it; else the one at hand")
    parser.add_argument("--times", type=int, default=3, help="visits of each page after the first")
    parser.add_argument("--port", type=int, default=8599)
    parser.add_argument("--page", action="append", choices=PAGES, help="this one alone; may be repeated")
    arguments = parser.parse_args()
    how = (arguments.port, arguments.times, arguments.page or list(PAGES))
    if arguments.sessions is None:
        print("\n".join(measure(dict(os.environ), *how)))
        return
    with tempfile.TemporaryDirectory() as name, bench(_open_to_all(Path(name)), "pages") as here:
        make(here, Path(name), arguments.sessions)
        [(sessions, laps, races)] = here.query(
            "select (select count(*) from marts.dim_sessions), (select count(*) from marts.fct_laps), "
            "(select count(*) from marts.dim_races)"
        )
        print(f"{sessions:,} sessions, {laps:,} laps, {races:,} races; seconds.\n")
        print("\n".join(measure(here.environment, *how)))
        with closing(here.connect()) as connection:
            queries = sorted(dashboard_queries.measure(connection, times=20), key=lambda query: -query.p95_ms)
        print("\n".join(table(("slowest queries", "P95, ms"), ((q.name, f"{q.p95_ms:.0f}") for q in queries[:12]))))


if __name__ == "__main__":
    main()
