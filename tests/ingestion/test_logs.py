"""One line per event, whatever it holds, with the ids that lead to everything else."""

import json
import logging
from pathlib import Path

import pytest

from simrace import logs
from simrace.database.connection import ConnectionParameters
from simrace.logs import bound, log_event, log_file
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import GARAGE61, ROW, query


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    for name in ("SIMRACE_LOG", "SIMRACE_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIMRACE_HOME", str(home))
    return home


def events() -> list[dict[str, object]]:
    return [json.loads(line) for line in log_file().read_text(encoding="utf-8").splitlines()]


def test_a_line_is_keys_and_values() -> None:
    with bound(run_id="r1"):
        log_event("file_landed", path="a b.csv", bytes=5, reason=None, nothing="")
    line = log_file().read_text(encoding="utf-8")
    assert line.endswith('level=info event=file_landed run_id=r1 path="a b.csv" bytes=5 nothing=""\n')
    assert line.startswith("time=20") and "+00:00 " in line


@pytest.mark.parametrize("is_json", [True, False])
@pytest.mark.parametrize(
    "path", ['a\nlevel=error event="forged"', "\u2028", "x\x1b[31m", "\ud800", 'q"=\\', "名前.csv"]
)
def test_whatever_a_value_holds_it_stays_one_line(path: str, is_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_json:
        monkeypatch.setenv("SIMRACE_LOG", "json")
    log_event("file_refused", path=path)
    lines = log_file().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert "\x1b" not in lines[0]
    written = json.loads(lines[0])["path"] if is_json else lines[0].partition(" path=")[2]
    assert (written if is_json or not written.startswith('"') else json.loads(written)) == path


def test_fields_are_bound_only_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_LOG", "json")
    with bound(run_id="r1"), bound(load_id="l1"):
        log_event("inside")
    log_event("outside")
    inside, outside = events()
    assert (inside["run_id"], inside["load_id"]) == ("r1", "l1")
    assert set(outside) == {"time", "level", "event"}


def test_a_full_file_is_put_aside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 300)
    monkeypatch.setattr(logs, "FILES_KEPT", 2)
    for number in range(40):
        log_event("counted", number=number)
    assert sorted(file.name for file in (home / "logs").iterdir()) == [
        "simrace.log",
        "simrace.log.1",
        "simrace.log.2",
    ]
    assert "number=39" in log_file().read_text(encoding="utf-8")
    assert (home / "logs").stat().st_mode & 0o077 == 0


def test_a_log_that_cannot_be_written_is_said_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "logs").write_text("no folder")
    log_event("one")
    log_event("two")
    said = capsys.readouterr().err
    assert said.count("cannot be written") == 1
    assert "Traceback" not in said


def test_landing_is_logged_with_the_ids_of_the_database(
    database: ConnectionParameters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMRACE_LOG", "json")
    files = tmp_path / "files"
    files.mkdir()
    (files / "lap.csv").write_text(GARAGE61 + ROW * 20, encoding="utf-8")
    (files / "secret=note.csv").write_text("bread and butter\n")
    assert simrace("land", files).exit_code == 0
    found = {str(event["event"]): event for event in events()}
    assert list(found) == ["run_started", "file_landed", "file_refused", "load_completed", "run_ended"]
    assert len({event["run_id"] for event in found.values()}) == 1
    [(file_id, load_id)] = query(database, "select file_id, _dlt_load_id from raw.files")
    assert (found["file_landed"]["file_id"], found["file_landed"]["load_id"]) == (file_id, load_id)
    assert (found["load_completed"]["load_id"], found["load_completed"]["files"]) == (load_id, 1)
    [(file_id, load_id)] = query(database, "select file_id, _dlt_load_id from raw.rejected_files")
    assert (found["file_refused"]["file_id"], found["file_refused"]["load_id"]) == (file_id, load_id)
    assert (found["file_refused"]["reason"], found["file_refused"]["level"]) == ("unknown_format", "warning")
    text = log_file().read_text(encoding="utf-8")
    assert database.settings["password"] not in text
    assert "bread" not in text
    again = len(events())
    simrace("land", files)
    assert "file_already_landed" not in {event["event"] for event in events()[again:]}
    monkeypatch.setenv("SIMRACE_LOG_LEVEL", "debug")
    simrace("land", files)
    assert events()[-3]["event"] == "file_already_landed"


def test_ecs_has_the_names_of_its_schema(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SIMRACE_LOG", "ecs")
    log_event("run_ended", logging.ERROR, outcome="failed", error="it broke", files_landed=3)
    [line] = log_file().read_text(encoding="utf-8").splitlines()
    written = json.loads(line)
    assert written.pop("@timestamp").endswith("+00:00")
    assert written == {
        "log.level": "error",
        "message": "run_ended",
        "ecs.version": "8.11.0",
        "service.name": "simrace",
        "event.dataset": "simrace.log",
        "event.action": "run_ended",
        "event.outcome": "failure",
        "error.message": "it broke",
        "simrace": {"files_landed": 3},
    }
