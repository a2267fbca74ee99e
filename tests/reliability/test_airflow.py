"""The DAG of examples/airflow, run by Airflow itself in an environment of its own."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from simrace.build.environment import PackagesError, make_environment
from tests.commands import BIN
from tests.conftest import ROOT, SHARED, Warehouse
from tests.reliability.conftest import make_warehouse, write_small_set

pytestmark = pytest.mark.slow

CACHE_VARIABLE = "SIMRACE_AIRFLOW_ENVIRONMENT"
PLACE = ROOT / "examples" / "airflow"
LAYERS = ["land", "staging", "intermediate", "marts"]


class Airflow:
    """Airflow with a home of its own."""

    def __init__(self, warehouse: Warehouse, python: Path) -> None:
        self.warehouse, self.bin = warehouse, python.parent
        self.environment = {
            **{name: value for name, value in warehouse.environment.items() if name != "PYTHONPATH"},
            "AIRFLOW_HOME": str(warehouse.folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PLACE),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "NO_PROXY": "127.0.0.1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "SIMRACE_COMMAND": str(BIN / "simrace"),
            "SIMRACE_FILES": f"{warehouse.folder}/archive/%Y-%m",
            "SIMRACE_RETRIES": "0",
        }

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / "airflow", *words],
            cwd=self.warehouse.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=1_800,
            check=False,
        )

    def states(self, day: str) -> dict[str, str]:
        """How the tasks of a day ended."""
        [run] = [each for each in self._told("dags", "list-runs", "simrace") if each["logical_date"].startswith(day)]
        told = self._told("tasks", "states-for-dag-run", "simrace", run["run_id"])
        return {each["task_id"]: each["state"] for each in told}

    def _told(self, *words: str) -> list[dict[str, Any]]:
        done = self.run(*words, "--output", "json")
        found: list[dict[str, Any]] = json.loads(done.stdout[done.stdout.index("[{") :])
        return found


@pytest.fixture(scope="module")
def airflow(harm_folder: Path) -> Iterator[Airflow]:
    place = Path(os.environ.get(CACHE_VARIABLE) or SHARED / "airflow")
    try:
        python = make_environment(place, PLACE / "airflow.lock")
    except PackagesError as error:
        pytest.skip(f"Airflow cannot be installed here: {error}")
    warehouse = make_warehouse(harm_folder / "airflow")
    made = Airflow(warehouse, python)
    done = made.run("db", "migrate")
    assert done.returncode == 0, done.stderr[-3_000:]
    yield made
    warehouse.end()


def test_a_day_is_landed_and_built_layer_by_layer(airflow: Airflow) -> None:
    write_small_set(airflow.warehouse.folder / "archive" / "2026-05")
    done = airflow.run("dags", "test", "simrace", "2026-06-01")  # which takes the evening of 31 May
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-5_000:]
    assert airflow.states("2026-06-01") == dict.fromkeys(LAYERS, "success")
    assert airflow.warehouse.query("select 1 from marts.fct_laps limit 1") != []
    assert airflow.warehouse.query("select 1 from marts.fct_race_results limit 1") != []
    # what the end of a build does is done once, by the last layer
    [(keys,)] = airflow.warehouse.query("select count(*) from pg_constraint where contype = 'f'")
    assert int(str(keys)) > 20


def test_a_day_without_files_builds_nothing(airflow: Airflow) -> None:
    assert airflow.run("dags", "test", "simrace", "2026-07-09").returncode == 0
    assert airflow.states("2026-07-09")["land"] == "skipped"


def test_a_failed_day_is_told_to_the_webhook(airflow: Airflow) -> None:
    (airflow.warehouse.folder / "archive" / "2026-05").mkdir(parents=True, exist_ok=True)
    bodies: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = f"http://127.0.0.1:{server.server_port}/"
    done = airflow.run("dags", "test", "simrace", "2026-05-20", SIMRACE_COMMAND="false", SIMRACE_WEBHOOK_URL=hook)
    server.shutdown()
    assert done.returncode != 0
    [body] = bodies
    assert (body["version"], body["event"]) == (1, "run_failed")
    assert "land" in body["summary"]


def test_days_that_were_missed_are_made_up_for_one_after_the_other(airflow: Airflow) -> None:
    code = (
        "from airflow.dag_processing.dagbag import DagBag; import os\n"
        "dag = DagBag(os.environ['AIRFLOW__CORE__DAGS_FOLDER']).dags['simrace']\n"
        "print('found', dag.catchup, dag.max_active_runs, dag.dagrun_timeout, dag.has_on_failure_callback)"
    )
    done = subprocess.run(
        [airflow.bin / "python", "-c", code], env=airflow.environment, capture_output=True, text=True, check=False
    )
    assert "found True 1 2:00:00 True" in done.stdout, done.stdout[-2_000:] + done.stderr[-2_000:]
