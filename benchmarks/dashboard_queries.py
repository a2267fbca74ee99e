"""How long the queries of the dashboard's pages take on the warehouse at hand.

    .venv/bin/python benchmarks/dashboard_queries.py --times 100

Every query is asked for many laps, sessions, drivers and races, drawn at random with the same seed. The time is from
asking to the last row, on one connection. The table is printed as Markdown.
"""

import argparse
import random
import statistics
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from bench import percentile_95
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.dashboard.data import connect, files, statement
from simrace.race_plan import FEWEST_LAPS

TARGET_MS = 200
# Where the parameters of a page's queries come from; rows are shuffled, and repeated if there are few.
DRAWN_FROM = {
    "lap_comparison": """
        select laps.session_id, laps.lap_number, others.session_id as reference_session_id,
            others.lap_number as reference_lap_number, sessions.layout_key, 'rpm' as channel
        from marts.fct_laps as laps
        inner join marts.dim_sessions as sessions on laps.session_id = sessions.session_id
        inner join marts.dim_sessions as other_sessions on sessions.layout_key = other_sessions.layout_key
        inner join marts.fct_laps as others on other_sessions.session_id = others.session_id
        where laps.is_trace_eligible and others.is_trace_eligible order by random() limit 1000""",
    "session": "select session_id, lap_number, session_id as other_session_id from marts.fct_laps",
    "home": "select session_id, driver_id from marts.dim_sessions",
    "consistency": """
        select laps.layout_key, coalesce(sessions.driver_id, '') as driver_id, coalesce(sessions.car_id, '') as car_id,
            laps.session_id as best_session_id, laps.lap_number as best_lap_number
        from marts.fct_laps as laps inner join marts.dim_sessions as sessions using (session_id)
        where laps.is_pace_eligible and laps.is_trace_eligible""",
    "track": """
        select laps.layout_key, sessions.layout_id, laps.session_id, laps.lap_number
        from marts.fct_laps as laps inner join marts.dim_sessions as sessions using (session_id)
        where laps.is_trace_eligible""",
    "strategy": f"select {FEWEST_LAPS} as fewest_laps",
    "predictions": "select 'finish' as target",
    "personal_bests": "select driver_id, layout_id, car_id from marts.personal_bests",
    "driver": "select driver_id from marts.dim_drivers where races > 0",
    "race": "select race_id from marts.dim_races",
    "championship": "select distinct championship_id from marts.championship_standings",
    "data_quality": "select 1 as nothing",
    "shared": "select distinct layout_key from marts.dim_track_corners",
}


def time_query(connection: Connection, name: str, drawn: list[dict[str, Any]], times: int) -> tuple[list[float], int]:
    """Ask a query for one drawn set of parameters after the other.

    Args:
        connection: Of a reader.
        name: Folder and name of the query.
        drawn: Parameters to take turns with.
        times: How often to ask.

    Returns:
        Milliseconds of each, and the most rows that one gave.
    """
    taken, most_rows = [], 0
    with connection, connection.cursor() as cursor:
        for number in range(times):
            began = time.perf_counter()
            cursor.execute(statement(name), drawn[number % len(drawn)])
            rows = len(cursor.fetchall())
            taken.append(1000 * (time.perf_counter() - began))
            most_rows = max(most_rows, rows)
    return taken, most_rows


@dataclass(frozen=True)
class Query:
    """What a query took.

    Attributes:
        name: Its page and its own.
        median_ms: From asking to the last row.
        p95_ms: The same.
        most_rows: That it gave.
    """

    name: str
    median_ms: float
    p95_ms: float
    most_rows: int


def measure(connection: Connection, times: int) -> list[Query]:
    """Ask every query of every page that has data.

    Args:
        connection: Of one who may read the marts.
        times: How often to ask each.
    """
    shuffle = random.Random(1).shuffle  # noqa: S311 - no secret
    drawn: dict[str, list[dict[str, Any]]] = {}
    with connection, connection.cursor() as cursor:
        for page, source in DRAWN_FROM.items():
            cursor.execute(source)
            names = [column.name for column in cursor.description or ()]
            drawn[page] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            shuffle(drawn[page])
    measured = []
    for path in files():
        name, page = f"{path.parent.name}/{path.stem}", path.parent.name
        if drawn[page]:
            taken, rows = time_query(connection, name, drawn[page], times)
            measured.append(Query(name, statistics.median(taken), percentile_95(taken), rows))
    return measured


def main() -> None:
    """Time every query and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=100, help="how often each query is asked")
    times = parser.parse_args().times
    with closing(connect()) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("select count(*), (select count(*) from marts.fct_laps), "
                           "(select count(*) from marts.fct_race_results) from marts.dim_sessions")  # fmt: skip
            sessions, laps, results = cursor.fetchone() or (0, 0, 0)
        print(f"# Queries of the dashboard\n\n{sessions:,} sessions, {laps:,} laps, {results:,} race results; "
              f"each query {times} times, target {TARGET_MS} ms for the 95th percentile.\n")  # fmt: skip
        print("| query | median ms | P95 ms | most rows |\n|---|---|---|---|")
        for query in measure(connection, times):
            print(f"| {query.name} | {query.median_ms:.1f} | {query.p95_ms:.1f} | {query.most_rows:,} |")


if __name__ == "__main__":
    main()
