"""What Grafana and Prometheus ask is answered: queries by the role that reads marts, metrics by name."""

import json
import re
from contextlib import closing

import psycopg2

from simrace.database.roles import become_reader
from tests.conftest import ROOT, Warehouse

DASHBOARD = ROOT / "container" / "grafana" / "dashboards" / "simrace.json"
RULES = ROOT / "container" / "prometheus" / "rules.yml"
OF_LIVE = "simrace_live_"  # of sources of frames, of which the warehouse has none


def _targets() -> list[dict[str, str]]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target for panel in panels for target in panel["targets"]]


def test_every_query_of_the_dashboard_is_answered_to_the_reader(warehouse: Warehouse) -> None:
    queries = [target["rawSql"] for target in _targets() if "rawSql" in target]
    assert len(queries) > 3
    with closing(psycopg2.connect(warehouse.url)) as connection:
        become_reader(connection)
        for query in queries:
            assert "with " not in query
            assert set(re.findall(r"(?:from|join) (\w+)\.", query)) == {"marts"}
            with connection, connection.cursor() as cursor:
                cursor.execute(re.sub(r"\$__timeFilter\((\w+)\)", r"\1 > '2000-01-01'", query))
                assert cursor.rowcount > 0, query


def test_every_metric_that_is_asked_for_is_given(warehouse: Warehouse) -> None:
    given = set(re.findall(r"^(simrace_\w+)", warehouse.run("simrace", "metrics").stdout, re.MULTILINE))
    rules = re.findall(r"expr: (.*)", RULES.read_text(encoding="utf-8"))
    asked = {name for text in (*rules, *(each.get("expr", "") for each in _targets()))
             for name in re.findall(r"simrace_\w+", text)}  # fmt: skip
    assert len(asked) > 8
    assert {name for name in asked - given if not name.startswith(OF_LIVE)} == set()
    code = (ROOT / "simrace" / "operations" / "metrics.py").read_text(encoding="utf-8")
    assert all(name.removesuffix("_total") in code for name in asked)
