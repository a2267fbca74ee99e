"""The state of the warehouse, for people, scripts and Prometheus."""

import json
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simrace.build.runs import recorded
from simrace.database.connection import ConnectionParameters
from simrace.operations.freshness import Freshness
from simrace.operations.metrics import metrics_text, write_metrics
from simrace.operations.status import DbtInvocation, FailedNode, Kpi, LastRun, LiveSource, Status, say_age
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import GARAGE61, ROW, query, stage

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "lap.csv").write_text(GARAGE61 + ROW * 20, encoding="utf-8")
    (folder / "copy.csv").write_text(GARAGE61 + ROW * 20, encoding="utf-8")
    (folder / "empty.csv").touch()
    (folder / "empty too.csv").touch()
    (folder / "note.csv").write_text("bread\n")
    return folder


def shown(*arguments: str) -> dict[str, object]:
    done = simrace("status", "--json", *arguments)
    assert done.exit_code == 0, done.output
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_every_run_has_a_row(database: ConnectionParameters, files: Path) -> None:
    simrace("land", files)
    simrace("land", files)
    simrace("land", files / "note.csv")
    simrace("land", files / "no such folder" / "*.csv")
    rows = query(
        database,
        "select command, outcome, error, files_found, files_landed, files_already_landed, files_refused, bytes_landed, "
        "landing_s > 0, dbt_s, invocation_id, ended_at >= started_at from ops.runs order by ended_at",
    )
    size = (files / "lap.csv").stat().st_size
    nothing = "Nothing could be landed."
    assert rows == [
        ("land", "succeeded", None, 5, 1, 1, 3, size, True, 0, None, True),
        ("land", "succeeded", None, 5, 0, 2, 3, 0, True, 0, None, True),
        ("land", "failed", nothing, 1, 0, 0, 1, 0, True, 0, None, True),
        ("land", "failed", nothing, 1, 0, 0, 1, 0, True, 0, None, True),
    ]


def test_a_landing_that_the_database_refuses_has_a_row_too(database: ConnectionParameters, files: Path) -> None:
    query(database, "create schema raw; create view raw.files as select 1 as file_id")
    assert simrace("land", files).exit_code == 1
    [(outcome, error, landed)] = query(database, "select outcome, error, files_landed from ops.runs")
    assert (outcome, landed) == ("failed", 0)
    assert isinstance(error, str) and 0 < len(error) <= 300 and "\n" not in error
    assert shown()["problems"] == [{"kind": "run_failed", "name": "land", "message": error}]


def test_an_error_is_one_short_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="first"), recorded("run") as run:
        raise ValueError("first\n  second " + "x" * 1_000)
    assert run.error is not None and run.error.startswith("first second x") and len(run.error) == 300
    with pytest.raises(KeyboardInterrupt), recorded("run") as run:
        raise KeyboardInterrupt
    assert (run.outcome, run.error) == ("failed", "KeyboardInterrupt")


def test_a_run_that_cannot_be_written_down_is_still_good(database: ConnectionParameters, files: Path) -> None:
    query(database, "create schema ops; create view ops.runs as select 1 as run_id")
    assert simrace("land", files).exit_code == 0
    assert query(database, "select count(*) from raw.files") == [(1,)]


def test_it_counts_as_the_database_does(database: ConnectionParameters, files: Path) -> None:
    simrace("land", files)
    stage(database)
    status = shown()
    assert status["files"] == {"garage61_csv": 1}
    assert status["refused"] == {"empty": 2, "unknown_format": 1}
    assert status["file_bytes"] == (files / "lap.csv").stat().st_size
    assert status["freshness"]["status"] == "pass"  # type: ignore[index]
    assert status["run"]["outcome"] == "succeeded"  # type: ignore[index]
    sizes = status["schema_bytes"]
    assert isinstance(sizes, dict) and set(sizes) == {"raw", "ops"} and min(sizes.values()) > 0
    assert isinstance(status["working_bytes"], int) and status["working_bytes"] > 0
    assert status["problems"] == []
    people = simrace("status").output
    for words in ("1 files landed", "3 refused", "refused: 2 empty", "freshness of raw.files: pass", "land succeeded"):
        assert words in people
    assert "No problems." in people


def test_it_tells_what_became_of_declarations(database: ConnectionParameters, tmp_path: Path) -> None:
    declared = Path(os.environ["SIMRACE_HOME"], "formats", "hill.toml")
    declared.parent.mkdir(parents=True)
    text = (
        '[hill_log]\ntitle = "Hill"\nsim = "hill"\nfirst_row = ["t"]\nheader = "first_row"\nclock = {columns=["t"]}\n'
    )
    declared.write_text(text)
    (tmp_path / "log.csv").write_text("t,v\n0,1\n1,2\n")
    simrace("land", tmp_path / "log.csv")
    stage(database)
    names = ("older_readings", "declared_no_longer", "declaration_error", "problems")
    assert [shown()[name] for name in names] == [{}, [], "", []]
    declared.write_text(text.replace('["t"]}', '["time"]}'))
    assert [shown()[name] for name in names] == [{"hill_log": 1}, [], "", []]
    assert "as an older declaration read them: 1 files of hill_log" in simrace("status").output
    declared.write_text("[hill_log]\n")
    [problem] = shown()["problems"]  # type: ignore[misc]
    assert problem["kind"] == "declaration_wrong" and "[hill_log] needs" in problem["message"]
    declared.unlink()
    assert [shown()[name] for name in names] == [{}, ["hill_log"], "", []]
    assert "declared here no longer: hill_log" in simrace("status").output


def test_a_load_that_is_not_complete_does_not_count(database: ConnectionParameters, files: Path) -> None:
    simrace("land", files)
    stage(database)
    query(database, "update raw._dlt_loads set status = 1")
    status = shown()
    assert (status["files"], status["refused"]) == ({}, {})


def test_what_was_refused_once_and_landed_since_is_not_refused(database: ConnectionParameters, files: Path) -> None:
    simrace("land", files)
    stage(database)
    query(database, "update raw.rejected_files set file_id = (select file_id from raw.files) where file_bytes > 0")
    assert shown()["refused"] == {"empty": 2}


def test_a_path_that_was_empty_and_is_filled_since_is_not_refused(database: ConnectionParameters, files: Path) -> None:
    simrace("land", files)
    stage(database)
    (files / "empty.csv").write_text(GARAGE61 + ROW * 30, encoding="utf-8")
    simrace("land", files)
    assert shown()["refused"] == {"empty": 1, "unknown_format": 1}


def test_check_fails_when_there_is_a_problem(database: ConnectionParameters, files: Path) -> None:
    simrace("land", files)
    stage(database)
    assert simrace("status", "--check").exit_code == 0
    query(database, "update raw.files set landed_at = landed_at - interval '40 days'")
    done = simrace("status", "--check")
    assert done.exit_code == 0, "a warning is no problem"
    assert "freshness of raw.files: warn. The newest row is 40 days old" in done.output
    query(database, "update raw.files set landed_at = landed_at - interval '400 days'")
    done = simrace("status", "--check")
    assert done.exit_code == 1
    assert "source_stale: raw.files" in done.output
    assert simrace("status").exit_code == 0


def test_problems_are_named_and_only_what_alerts_is_one() -> None:
    def kpi(name: str, passes: bool | None, is_alert: bool = True) -> Kpi:
        return Kpi(name, "share", ">=", 0.5, 0.9, passes, is_alert)

    status = Status(
        run=LastRun("run", "failed", "dbt build failed", NOW, NOW, 1, 2),
        dbt=DbtInvocation("i", "build", NOW, 1, {"error": 1}, [FailedNode("fct_laps", "error", None)]),
        freshness=Freshness("raw.files", "error", 30, 365, None, None),
        kpis=[kpi("low", False), kpi("good", True), kpi("unknown", None), kpi("quiet", False, is_alert=False)],
    )
    assert [(problem.kind, problem.name) for problem in status.problems] == [
        ("run_failed", "run"),
        ("dbt_failed", "fct_laps"),
        ("source_stale", "raw.files"),
        ("kpi_out_of_bounds", "low"),
    ]
    assert status.problems[3].message == "0.5 share, limit >= 0.9"
    assert Status().problems == []


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (1e6, "12 days")]
)
def test_ages_are_said_in_a_unit_that_fits(seconds: float, said: str) -> None:
    assert say_age(seconds) == said


def read(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_what_the_database_holds(database: ConnectionParameters, files: Path, tmp_path: Path) -> None:
    assert simrace("metrics").exit_code == 0, "there is nothing yet"
    simrace("land", files)
    stage(database)
    done = simrace("metrics")
    assert done.exit_code == 0, done.output
    samples = read(done.stdout)
    assert samples["simrace_files_total", "garage61_csv"] == 1
    assert samples["simrace_files_refused_total", "empty"] == 2
    assert samples["simrace_runs_total", "succeeded"] == 1
    assert samples["simrace_last_run_success", ""] == 1
    assert samples["simrace_last_run_landing_seconds", ""] > 0
    assert samples["simrace_source_freshness_status", ""] == 0
    [(landed_at,)] = query(database, "select extract(epoch from landed_at) from raw.files")
    assert samples["simrace_last_landing_timestamp_seconds", ""] == pytest.approx(float(str(landed_at)))
    file = tmp_path / "simrace.prom"
    file.write_text("old")
    assert simrace("metrics", "-o", file).exit_code == 0
    assert read(file.read_text())["simrace_files_total", "garage61_csv"] == 1
    assert [path.name for path in tmp_path.glob("simrace.prom*")] == ["simrace.prom"]
    done = simrace("metrics", "-o", tmp_path / "nowhere" / "simrace.prom")
    assert done.exit_code == 1
    assert "cannot be written" in done.output and isinstance(done.exception, SystemExit)


def test_every_metric_is_described_and_parses(tmp_path: Path) -> None:
    hostile = 'quo"te\nback\\slash'
    status = Status(
        files={hostile: 3},
        lines={"read": 10, "refused": 1},
        freshness=Freshness("raw.files", "warn", 30, 365, 1.0, NOW),
        kpis=[
            Kpi("lateness_p95_s", "s", "<=", 1.5, 120, True, True),
            Kpi("low", "share", ">=", 0.1, 0.9, False, True),
            Kpi("unmeasured", "share", ">=", None, 0.9, None, True),
        ],
        run=LastRun("run", "failed", "e", NOW, NOW, 1, 2),
        dbt=DbtInvocation(
            "i",
            "build",
            NOW,
            1,
            {"pass": 7, "fail": 2, "error": 1},
            [FailedNode(f"test {number}", "fail", None) for number in range(3)],
        ),
        last_success_at=NOW,
        live=[LiveSource("kafka:s/t/0", {"frames": 9, "late": 2}, {"not_json": 3}, 0.4, None, 5, 0.01, NOW)],
    )
    text = metrics_text(status)
    samples = read(text)
    assert samples["simrace_files_total", hostile] == 3
    assert samples["simrace_lines_total", "refused"] == 1
    assert samples["simrace_source_freshness_status", ""] == 1
    assert samples["simrace_dbt_nodes_failed", ""] == 3
    assert samples["simrace_dbt_nodes", "pass"] == 7
    assert samples["simrace_last_run_success", ""] == 0
    assert samples["simrace_last_run_dbt_seconds", ""] == 2
    assert samples["simrace_lateness_seconds", ""] == 1.5
    assert samples["simrace_kpi_value", "low"] == 0.1
    assert samples["simrace_live_lag_seconds", "kafka:s/t/0"] == 0.4
    assert samples["simrace_live_commits_total", "kafka:s/t/0"] == 5
    assert 'simrace_live_frames_total{source="kafka:s/t/0",state="late"} 2.0' in text
    assert 'simrace_live_quarantined_total{reason="not_json",source="kafka:s/t/0"} 3.0' in text
    assert "simrace_live_lag_frames{" not in text
    assert samples["simrace_kpi_passes", "low"] == 0
    assert ("simrace_kpi_value", "unmeasured") not in samples
    assert samples["simrace_last_success_timestamp_seconds", ""] == NOW.timestamp()
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in ("counter", "gauge")
        assert family.name.startswith("simrace_")
    write_metrics(status, tmp_path / "simrace.prom")
    assert (tmp_path / "simrace.prom").read_text() == text


def test_status_does_not_wait_for_a_build(database: ConnectionParameters, files: Path) -> None:
    """It takes no lock that a run holds."""
    simrace("land", files)
    stage(database)
    with closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(7467263)")
        assert shown()["files"] == {"garage61_csv": 1}
