"""Run statements on the engine, without dbt, whose start takes longer than they do.

The Python of the engine's environment runs this file (`engine.statements_on_engine`): it has the engine's client, and
nothing of simrace. It reads a JSON list of statements, and writes a JSON list of their rows in one line, the last one;
of a statement that gives none, null. Where the engine is, dbt's variables say (profiles.yml).
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

SAIL = "sail"
Ask = Callable[[str], list[list[Any]] | None]
_KEPT: list[Any] = []  # Sail's server, which ends when nothing refers to it


def main(engine: str) -> None:
    """Connect, while the statements are still being made; then run them in their order."""
    ask = _sail() if engine == SAIL else _spark()
    answers = [ask(statement) for statement in json.load(sys.stdin)]
    print()
    print(json.dumps(answers, default=str), flush=True)
    # what the client keeps open would wait for its peer
    os._exit(0)


def _spark() -> Ask:
    from pyhive import hive

    where = {
        "host": os.environ.get("SIMRACE_SPARK_HOST") or "127.0.0.1",
        "port": int(os.environ.get("SIMRACE_SPARK_PORT") or 10_000),
        "username": os.environ.get("SIMRACE_SPARK_USER") or "simrace",
        "auth": os.environ.get("SIMRACE_SPARK_AUTH") or "NONE",
        "password": os.environ.get("DBT_ENV_SECRET_SIMRACE_SPARK_PASSWORD") or None,
    }
    if os.environ.get("SIMRACE_SPARK_SSL"):
        from dbt.adapters.spark.connections import build_ssl_transport

        connection = hive.connect(thrift_transport=build_ssl_transport(**where, kerberos_service_name=None))
    else:
        connection = hive.connect(**where)
    cursor = connection.cursor()

    def ask(statement: str) -> list[list[Any]] | None:
        cursor.execute(statement)
        return [list(row) for row in cursor.fetchall()] if _gives_rows(statement) else None

    return ask


def _sail() -> Ask:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    _KEPT.append(server)
    server.start(background=True)
    host, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.ansi.enabled", "true")

    def ask(statement: str) -> list[list[Any]] | None:
        done = session.sql(statement)
        return [list(row) for row in done.collect()] if _gives_rows(statement) else None

    return ask


def _gives_rows(statement: str) -> bool:
    """Both engines have an answer to a write too, and neither's client can read it."""
    return statement.startswith("select")


if __name__ == "__main__":
    main(sys.argv[1])
