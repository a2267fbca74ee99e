"""`simrace schedule`: a real Dagster with its daemon, which lands, builds, tries again, catches up and tells."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from simrace.database.server_system import is_free
from simrace.database.settings import PORTS
from simrace.orchestration.starting import ENVIRONMENT_VARIABLE
from tests.conftest import ROOT, SHARED, Warehouse
from tests.reliability.conftest import begin, home_of, make_warehouse, write_small_set

pytestmark = pytest.mark.slow

Found = TypeVar("Found")

PATIENCE_S = 900.0
MONTHS = ("2026-02", "2026-03")
HOOK_PATH = "t0ken-of-the-hook"
RUNS = """
{ runsOrError(limit: 100) { ... on Runs { results {
    runId status jobName tags { key value } stepStats { stepKey status attempts { startTime } }
} } } }
"""
ASSETS = """
{ assetNodes {
    assetKey { path } isMaterializable assetMaterializations(limit: 1) { timestamp }
    assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { status } } } }
} }
"""
PARTITIONS = """
query ($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    internalFreshnessPolicy { ... on TimeWindowFreshnessPolicy { warnWindowSeconds failWindowSeconds } }
    freshnessStatusInfo { freshnessStatus } partitionStats { numMaterialized numFailed }
} } }
"""
BACKFILL = """
mutation ($parameters: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $parameters) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
} }
"""
FINISHED = ("SUCCESS", "FAILURE", "CANCELED")


class Receiver:
    """What the webhook was sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/{HOOK_PATH}"


class Scheduler:
    """`simrace schedule` over an inbox and an archive of months."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse, self.port = warehouse, next(port for port in random.sample(PORTS, 99) if is_free(port))
        self.inbox, self.archive, self.output = (warehouse.folder / name for name in ("inbox", "archive", "output"))
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        options = (
            "--since",
            "2025-01",
            "--export",
            "fct_laps",
            "--export",
            "dim_drivers",
            "--look",
            "2",
            "--retry",
            "2",
        )
        places = (self.inbox, "--monthly", f"{self.archive}/%Y-%m", "--output", self.output)
        self.process = begin(self.warehouse, "simrace", "schedule", *places, *options, "--port", str(self.port))

        def answers() -> bool:
            assert self.process
            if self.process.poll() is not None:
                said = self.process.communicate()[0]
                if "could not be installed" in said:
                    pytest.skip(f"Dagster cannot be installed here: {said[-500:]}")
                pytest.fail(said[-3_000:])
            return not is_free(self.port) and bool(self.assets())

        wait_until(answers, "the pages answer")

    def stop(self) -> None:
        """Ctrl-C."""
        assert self.process
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(90) == 0
        self.process = None

    def kill(self) -> None:
        """As a power cut does, but for the database."""
        assert self.process
        self.process.kill()
        self.process.wait()
        self.process = None
        for process in self.children():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        wait_until(lambda: not self.children(), "all of it has ended")

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        try:
            answer = requests.post(
                f"http://127.0.0.1:{self.port}/graphql", json={"query": query, "variables": variables}, timeout=60
            ).json()
        except (requests.RequestException, ValueError):  # it starts
            return {}
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def assets(self) -> dict[str, dict[str, Any]]:
        nodes = self.ask(ASSETS).get("assetNodes", [])
        return {"/".join(node["assetKey"]["path"]): node for node in nodes}

    def runs(self, **tags: str) -> list[dict[str, Any]]:
        """The runs that have tags, the newest first."""
        runs = self.ask(RUNS).get("runsOrError", {}).get("results", [])
        wanted = {f"dagster/{key}": value for key, value in tags.items()}.items()
        return [run for run in runs if wanted <= {each["key"]: each["value"] for each in run["tags"]}.items()]

    def ended(self, **tags: str) -> dict[str, Any]:
        """The newest run that has tags, once it has ended."""

        def newest() -> dict[str, Any] | None:
            runs = self.runs(**tags)
            return runs[0] if runs and runs[0]["status"] in FINISHED else None

        return wait_until(newest, f"a run of {tags} ends")

    def backfill(self, asset: str, months: tuple[str, ...]) -> str:
        parameters = {
            "assetSelection": [{"path": asset.split("/")}],
            "partitionNames": [f"{month}-01" for month in months],
        }
        answer = self.ask(BACKFILL, parameters=parameters)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def children(self) -> list[int]:
        """Processes that were started for it, by what they find in their environment."""
        mark = f"DAGSTER_HOME={home_of(self.warehouse) / 'schedule'}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes() + b"\0":
                    found.append(int(process.name))
            except OSError:  # gone
                continue
        return found


def wait_until(look: Callable[[], Found | None], what: str) -> Found:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(1)
    pytest.fail(f"It never came that {what}.")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def scheduler(harm_folder: Path, receiver: Receiver) -> Iterator[Scheduler]:
    warehouse = make_warehouse(harm_folder / "schedule")
    warehouse.environment.update(
        {
            ENVIRONMENT_VARIABLE: os.environ.get(ENVIRONMENT_VARIABLE) or str(SHARED / "dagster"),
            "SIMRACE_WEBHOOK_URL": receiver.url,
            "NO_PROXY": "127.0.0.1",
        }
    )
    made = Scheduler(warehouse)
    made.inbox.mkdir()
    yield made
    if made.process and made.process.poll() is None:
        made.stop()
    warehouse.end()


@pytest.fixture(scope="module")
def files(scheduler: Scheduler) -> list[Path]:
    """Files that come one after the other: those of telemetry; results are in the archive's months."""
    later = []
    for number, path in enumerate(sorted(write_small_set(scheduler.warehouse.folder / "made"))):
        if path.suffix == ".json" or "eventresult" in path.name:
            month = scheduler.archive / MONTHS[number % 2]
            month.mkdir(parents=True, exist_ok=True)
            path.rename(month / path.name)
        else:
            later.append(path)
    return later


def test_new_files_are_landed_built_checked_and_written(scheduler: Scheduler, files: list[Path]) -> None:
    scheduler.start()
    for path in files[2:]:
        path.rename(scheduler.inbox / path.name)
    run = scheduler.ended(sensor_name="new_files")
    assert run["status"] == "SUCCESS", run
    assets = scheduler.assets()
    made = {key for key, node in assets.items() if node["assetMaterializations"]}
    nodes = scheduler.warehouse.manifest()["nodes"].values()
    built = {f"{node['schema']}/{node['alias']}" for node in nodes if node["resource_type"] in ("model", "seed")}
    assert built <= made, sorted(built - made)
    assert {"raw/files", "exports/dim_drivers", "reports/last_session", "reports/last_race"} <= made
    checks = [check for node in assets.values() for check in node["assetChecksOrError"].get("checks", [])]
    assert len(checks) == sum(node["resource_type"] == "test" for node in nodes)
    found = {check["name"]: (check["executionForLatestMaterialization"] or {}).get("status") for check in checks}
    assert {name: status for name, status in found.items() if status != "SUCCEEDED"} == {}
    assert (scheduler.output / "exports" / "dim_drivers" / "dim_drivers.parquet").stat().st_size
    for name in ("last_session", "last_race"):
        assert "<html" in (scheduler.output / "reports" / f"{name}.html").read_text("utf-8")


def test_a_step_that_fails_is_tried_again_and_a_run_that_fails_is_told_once(
    scheduler: Scheduler, receiver: Receiver
) -> None:
    [(month, laps)] = scheduler.warehouse.query(
        "select to_char(session_started_at, 'YYYY-MM'), count(*) from marts.fct_laps group by 1 order by 2 desc limit 1"
    )
    folder = scheduler.output / "exports" / "fct_laps"
    folder.write_text("in the way of a folder", "utf-8")
    run = scheduler.ended(backfill=scheduler.backfill("exports/fct_laps", (str(month),)))
    assert run["status"] == "FAILURE"
    wait_until(lambda: receiver.bodies, "the webhook is told")
    time.sleep(10)  # for a second message
    [body] = receiver.bodies
    assert body["event"] == "run_failed"
    assert "fct_laps" in body["problems"][0]["message"]

    backfill = scheduler.backfill("exports/fct_laps", (str(month),))

    def is_tried() -> bool:
        runs = scheduler.runs(backfill=backfill)
        return any(step["status"] == "IN_PROGRESS" and step["attempts"] for run in runs for step in run["stepStats"])

    wait_until(is_tried, "it fails once")
    time.sleep(1.5)
    folder.unlink()
    run = scheduler.ended(backfill=backfill)
    assert run["status"] == "SUCCESS"
    [step] = run["stepStats"]
    assert len(step["attempts"]) > 1
    import pyarrow.parquet

    assert pyarrow.parquet.read_metadata(folder / f"month={month}" / "fct_laps.parquet").num_rows == laps


def test_a_backfill_lands_its_months_and_one_build_follows(scheduler: Scheduler) -> None:
    races = "select count(*) from marts.fct_race_results"
    before = scheduler.warehouse.query(races)
    [archive] = [key for key in scheduler.assets() if key.startswith("archive/")]
    backfill = scheduler.backfill(archive, MONTHS)
    assert scheduler.ended(backfill=backfill)["status"] == "SUCCESS"
    assert scheduler.ended(sensor_name="after_archive")["status"] == "SUCCESS"
    assert scheduler.warehouse.query(races) != before
    time.sleep(10)  # for a second one
    assert len(scheduler.runs(backfill=backfill)) == len(scheduler.runs(sensor_name="after_archive")) == 1
    stats = scheduler.ask(PARTITIONS, key={"path": archive.split("/")})["assetNodeOrError"]["partitionStats"]
    assert stats == {"numMaterialized": len(MONTHS), "numFailed": 0}


def test_freshness_is_judged_by_what_was_landed(scheduler: Scheduler) -> None:
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]
    node = scheduler.ask(PARTITIONS, key={"path": ["raw", "files"]})["assetNodeOrError"]
    windows = {"warn": variables["freshness_warn_days"], "fail": variables["freshness_error_days"]}
    assert node["internalFreshnessPolicy"] == {f"{name}WindowSeconds": 86_400 * days for name, days in windows.items()}

    def is_fresh() -> bool:
        found = scheduler.ask(PARTITIONS, key={"path": ["raw", "files"]})["assetNodeOrError"]
        return bool(found["freshnessStatusInfo"]["freshnessStatus"] == "HEALTHY")

    wait_until(is_fresh, "the daemon has judged it")


def test_what_came_while_it_was_stopped_is_caught_up_with(scheduler: Scheduler, files: list[Path]) -> None:
    assert scheduler.children()
    scheduler.stop()
    assert scheduler.children() == []
    before = scheduler.warehouse.query("select count(*) from raw.files")
    files[0].rename(scheduler.inbox / files[0].name)
    scheduler.start()
    wait_until(lambda: len(scheduler.runs(sensor_name="new_files")) > 1, "the sensor sees the file")
    assert scheduler.ended(sensor_name="new_files")["status"] == "SUCCESS"
    assert scheduler.warehouse.query("select count(*) from raw.files") != before


def test_a_run_that_was_killed_with_everything_is_begun_anew(scheduler: Scheduler, files: list[Path]) -> None:
    files[1].rename(scheduler.inbox / files[1].name)
    wait_until(lambda: [run for run in scheduler.runs() if run["status"] == "STARTED"], "a run is at work")
    scheduler.kill()
    assert scheduler.children() == []
    scheduler.start()
    again = scheduler.ended(retry_number="1")
    assert again["status"] == "SUCCESS", again
    assert scheduler.warehouse.query(f"select 1 from raw.file_sightings where file_name = '{files[1].name}'") != []
    scheduler.stop()


def test_nothing_that_it_keeps_holds_a_secret(scheduler: Scheduler) -> None:
    password = urlsplit(scheduler.warehouse.url).password
    assert password
    kept = [path for path in (home_of(scheduler.warehouse) / "schedule").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        text = path.read_bytes()
        assert password.encode() not in text, path
        assert HOOK_PATH.encode() not in text, path
