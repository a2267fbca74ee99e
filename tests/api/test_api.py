"""Files that are pushed are landed once or refused with a reason, and forbidden requests do not get in."""

import gzip
import io
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from typer.testing import CliRunner

from simrace.api import gate
from simrace.api.gate import Bucket
from simrace.api.live_page import EVENTS_PATH
from simrace.api.page import render
from simrace.api.settings import Settings
from simrace.api.uploads import FILES_AT_ONCE, safe_name
from simrace.cli.app import app
from simrace.database.connection import ConnectionParameters
from simrace.operations.replay import is_within_reach, open_refusals
from tests.api.conftest import TOKEN, Api, served
from tests.ingestion.test_landing import GARAGE61, ROW, query, stage
from tests.ingestion.test_parsed_project import PROJECT

Serve = Callable[..., Api]
PROBLEM = "application/problem+json"


def lap(number: int) -> bytes:
    return (GARAGE61 + ROW * 3 + f"{number}{ROW}").encode()


def uploads(home: str = "") -> Path:
    return Path(home or os.environ["SIMRACE_HOME"]) / "uploads"


def assert_problem(answer: object, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == PROBLEM  # type: ignore[attr-defined]
    body: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]  # type: ignore[attr-defined]
    assert body["title"]
    assert body["detail"]
    return body


def test_200_files_of_8_clients_are_landed_once(api: Api, database: ConnectionParameters) -> None:
    """Every tenth content is sent by two clients."""
    contents = [lap(number - (number % 10 == 9)) for number in range(200)]

    def push(client: int) -> list[str]:
        answers = [
            Api(api.port, api.token).upload(*((f"lap {at}.csv", contents[at]) for at in range(first, first + 5)))
            for first in range(client * 25, client * 25 + 25, 5)
        ]
        return [file["state"] for answer in answers for file in answer.json()["files"]]

    with ThreadPoolExecutor(8) as clients:
        states = [state for client in clients.map(push, range(8)) for state in client]
    assert (states.count("landed"), states.count("already_landed")) == (180, 20)
    assert query(database, "select count(*), count(distinct file_id) from raw.files") == [(180, 180)]
    assert query(database, "select count(*), count(distinct file_path) from raw.file_sightings") == [(200, 200)]
    assert query(
        database,
        "select count(*) from (select file_id, sha256(convert_to(string_agg(lines, '' order by block_number), 'UTF8')) "
        "as hash from raw.file_blocks group by 1) as files where encode(hash, 'hex') <> file_id",
    ) == [(0,)]
    assert query(database, "select sum(files_landed), count(*) < 30 from ops.runs where command = 'upload'") == [
        (180, True)  # the waiting uploads were landed together
    ]
    assert not list(uploads().iterdir())


def test_it_says_what_became_of_each_file(api: Api, database: ConnectionParameters) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/one.csv", lap(1))
        archive.writestr("note.txt", "bread")
    answer = api.upload(
        ("lap.csv", lap(1)),
        ("many.zip", packed.getvalue()),
        ("empty.csv", b""),
        ("late.csv.gz", gzip.compress(lap(2), mtime=86_400)),
    )
    assert answer.status_code == 200, answer.text
    assert [(file["name"], file["state"], file["format"], file["reason"]) for file in answer.json()["files"]] == [
        ("lap.csv", "landed", "garage61_csv", None),
        ("many.zip/a/one.csv", "already_landed", "garage61_csv", None),
        ("many.zip/note.txt", "refused", None, "unknown_format"),
        ("empty.csv", "refused", None, "empty"),
        ("late.csv.gz", "landed", "garage61_csv", None),
    ]
    assert "no format begins with: 'bread'" in answer.json()["files"][2]["detail"]
    assert answer.json()["is_built"] is False
    assert query(
        database,
        "select file_name, cast(modified_at as date)::text from raw.file_sightings where file_name like 'late%'",
    ) == [("late.csv", "1970-01-02")]
    stage(database)
    with closing(database.connect()) as connection:
        refused = open_refusals(connection)
    # the member's bytes are kept for `simrace replay`; an empty file has none
    assert {refusal.file_name: is_within_reach(refusal) for refusal in refused} == {
        "note.txt": True, "empty.csv": False,
    }  # fmt: skip


def test_a_file_is_dated_by_who_sends_it(api: Api, database: ConnectionParameters) -> None:
    parts = [
        ("modified_at", (None, "2025-03-01T20:00:00+01:00")),
        ("files", ("old.csv", lap(1))),
        ("files", ("new.csv", lap(2))),
    ]
    assert api.ask("POST", "/api/v1/upload", files=parts).status_code == 200
    assert query(
        database,
        "select file_name, modified_at = '2025-03-01 19:00+00', modified_at > now() - interval '1 h' "
        "from raw.file_sightings order by 1",
    ) == [("new.csv", False, True), ("old.csv", True, False)]
    for wrong in ("yesterday", "99999-01-01", ""):
        assert_problem(api.ask("POST", "/api/v1/upload", files=[("modified_at", (None, wrong)), *parts[1:]]), 422)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("../../../evil.csv", "evil.csv"),
        ("/etc/passwd", "passwd"),
        ("C:\\laps\\evil.csv", "evil.csv"),
        ("..", "unnamed"),
        ("a/..", "unnamed"),
        ("", "unnamed"),
        ("a\0b\n\u202e.csv", "ab.csv"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
        ("Garage 61 - Rök - a.csv", "Garage 61 - Rök - a.csv"),
    ],
)
def test_a_name_leads_nowhere(given_name: str, name: str) -> None:
    assert safe_name(given_name) == name


def test_names_of_files_stay_in_the_folder_of_uploads(api: Api, database: ConnectionParameters) -> None:
    answer = api.upload(("../../../evil.csv", lap(1)), ("..\\..\\bad.csv", b"no"))
    assert [file["name"] for file in answer.json()["files"]] == ["evil.csv", "bad.csv"]
    assert query(database, "select file_path from raw.file_sightings") == [(str(uploads() / "evil.csv"),)]
    assert query(database, "select file_path from raw.rejected_files") == [(str(uploads() / "bad.csv"),)]
    assert not list(uploads().parent.parent.rglob("evil.csv"))


def test_marts_are_built_when_they_are_asked_for(api: Api, database: ConnectionParameters) -> None:
    query(
        database,
        "create schema marts; create table marts.ml_training_data as select * from (values ('1', 'b'), ('1', 'a'), "
        "('2', 'a')) as _ (subsession_id, cust_id); create table marts.fct_telemetry_samples (session_id text, "
        "session_started_at timestamptz, elapsed_s real, gear integer, file_rank smallint); "
        "create table marts.file_quality (file_id text, session_id text, file_rank smallint)",
    )
    first = api.upload(("lap.csv", lap(1))).json()
    assert not first["is_built"]
    file_id = first["files"][0]["file_id"]
    query(
        database,
        f"insert into marts.file_quality values ('{file_id}', 's', 1), ('other', 's', 2); "
        "insert into marts.fct_telemetry_samples "
        "select 's', '2026-01-01Z', n / 2.0, case when n > 2 then n end, n % 2 + 1 from generate_series(9, 1, -1) as n",
    )
    answer = api.upload(("lap.csv", lap(1)), ("no.csv", b"no"), query="?rows=2").json()
    assert answer["is_built"]
    assert [file["rows"] for file in answer["files"]] == [
        [
            {"session_id": "s", "session_started_at": "2026-01-01T00:00:00+00:00", "elapsed_s": 1, "file_rank": 1},
            {"session_id": "s", "session_started_at": "2026-01-01T00:00:00+00:00", "elapsed_s": 2, "gear": 4,
             "file_rank": 1},
        ],
        [],
    ]  # fmt: skip
    answer = api.ask("POST", "/api/v1/collect/training-data", json={"subsession_ids": ["3", "1", "3"]})
    assert answer.json() == {
        "races": 1,
        "rows": 2,
        "keys": [{"subsession_id": "1", "cust_id": "a"}, {"subsession_id": "1", "cust_id": "b"}],
        "without_rows": ["3"],
    }
    assert query(database, "select command, dbt_s > 0 from ops.runs order by started_at") == [
        ("upload", False), ("upload", True), ("collect", True),
    ]  # fmt: skip


TABLE = """
    {{{{ config(materialized='table') }}}}
    select '{colour}' as colour, count(*) as files from raw.files
"""
SELECTORS = "selectors: [{name: after_telemetry, definition: {method: fqn, value: '*'}}]"


def replace(path: Path, text: str) -> None:
    """Change a file at once: a server that gets ready meanwhile sees the old one or the new one, never half of it."""
    new = path.parent.parent / "new"
    new.write_text(text)
    new.replace(path)


def test_a_file_and_a_changed_project_are_noticed_from_one_upload_to_the_next(
    database: ConnectionParameters, project: Path, parses: list[str]
) -> None:
    """The server keeps the project parsed as long as it is that of the last build, and no longer."""
    model = project / "models" / "colours.sql"
    (project / "selectors.yml").write_text(SELECTORS)
    query(database, "create schema ops; create table ops.last_build (made_from text, made text)")
    answers = itertools.count(1)

    with served(Settings(token=TOKEN, requests_per_minute=0)) as api:

        def told() -> tuple[object, ...]:
            """What the table says after one more file, and how often the server has parsed the project for itself."""
            assert api.upload((f"lap{(number := next(answers))}.csv", lap(number)), query="?build=true").json()[
                "is_built"
            ]
            # after the answer it gets ready for the next
            assert api.upload(("no.csv", b"no")).ok
            return (*query(database, "select * from marts.colours")[0], len(parses))

        replace(model, TABLE.format(colour="red"))
        assert told()[:2] == ("red", 1)
        parsed = len(parses)
        assert told() == ("red", 2, parsed)
        replace(model, TABLE.format(colour="blue"))
        assert told() == ("blue", 3, parsed + 1)
        assert told() == ("blue", 4, parsed + 1)
        replace(project / "dbt_project.yml", f"{PROJECT[:-1]}, models: {{+schema: marts, +alias: colors}}}}")
        told()
        assert told()[2] == parsed + 2
        assert query(database, "select * from marts_marts.colors") == [("blue", 6)]


def test_prometheus_is_told_how_it_goes(api: Api) -> None:
    answer = api.ask("GET", "/metrics")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert "\nsimrace_database_size_bytes " in answer.text
    assert_problem(api.ask("GET", "/metrics", headers={"Authorization": ""}), 401)


def test_health_says_whether_the_database_answers(
    api: Api, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.ask("GET", "/health").json() == {"database": "answers", "last_load_at": None, "freshness": None}
    api.upload(("lap.csv", lap(1)))
    stage(database)
    found = api.ask("GET", "/health", headers={"Authorization": ""}).json()
    assert (found["freshness"], found["last_load_at"] is None) == ("pass", False)
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    monkeypatch.setenv("SIMRACE_RETRIES", "0")
    for answer in (api.ask("GET", "/health"), api.upload(("lap.csv", lap(2)))):
        assert "secret" not in str(assert_problem(answer, 503))
        assert int(answer.headers["retry-after"]) > 0
    assert not list(uploads().iterdir())
    monkeypatch.setenv("SIMRACE_DATABASE_URL", database.url)
    assert api.upload(("lap.csv", lap(2))).json()["files"][0]["state"] == "landed"


def test_who_has_no_token_does_not_come_in(api: Api, database: ConnectionParameters) -> None:
    for shown in ("", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \xe9\xff", TOKEN):
        for path in ("/api/v1/upload", "/api/v1/collect/training-data", "/nothing"):
            answer = api.ask("POST", path, headers={"Authorization": shown.encode("latin-1")}, data=b"x" * 100)
            assert_problem(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert TOKEN not in answer.text
    assert query(database, "select to_regclass('raw.files')") == [(None,)]
    assert api.ask("POST", "/api/v1/upload", headers={"Authorization": f"bearer  {TOKEN}"}).status_code == 415


def test_without_a_token_only_programs_of_this_machine_come_in(serve: Serve) -> None:
    api = serve(token="")
    assert api.upload(("lap.csv", lap(1))).status_code == 200
    for name in ("localhost", "127.0.0.1", "[::1]"):
        assert api.ask("GET", "/health", headers={"Host": f"{name}:{api.port}"}).status_code == 200
    for headers in (
        {"Host": "rebound.example"},
        {"Host": f"127.0.0.1.rebound.example:{api.port}"},
        {"Host": "[::1"},
        {"Origin": "https://page.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{api.port + 1}"},
    ):
        assert_problem(api.ask("GET", "/health", headers=headers), 403)
    assert api.ask("GET", "/health", headers={"Origin": api.url}).status_code == 200


def test_what_is_too_large_is_refused_and_not_kept(serve: Serve, database: ConnectionParameters) -> None:
    api = serve(upload_bytes=100_000)
    large = b"x" * 300_000
    assert "0 MB" in str(assert_problem(api.upload(("large.csv", large)), 413)["detail"])
    without_length = (
        chunk for chunk in [b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n', large]
    )
    answer = api.ask(
        "POST", "/api/v1/upload", data=without_length, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert_problem(answer, 413)
    assert_problem(api.ask("POST", "/api/v1/collect/training-data", json={"subsession_ids": ["9" * 2_000_000]}), 413)
    assert_problem(api.ask("POST", "/api/v1/collect/training-data", data=iter([b'["', b"9" * 2_000_000, b'"]'])), 413)
    assert api.upload(("lap.csv", lap(1))).json()["files"][0]["state"] == "landed"
    assert query(database, "select count(*) from raw.rejected_files") == [(0,)]
    assert not list(uploads().iterdir())


def test_what_cannot_be_read_is_a_problem(api: Api) -> None:
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    named = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    assert_problem(api.ask("GET", "/nothing"), 404)
    assert assert_problem(api.ask("DELETE", "/health"), 405) and api.ask("DELETE", "/health").headers["allow"] == "GET"
    assert_problem(api.ask("POST", "/api/v1/upload", data={"files": "a"}), 415)
    assert_problem(api.ask("POST", "/api/v1/upload", headers={"Content-Type": "multipart/form-data"}), 415)
    assert_problem(api.ask("POST", "/api/v1/upload", headers=form, data=b"no form at all"), 400)
    assert_problem(api.ask("POST", "/api/v1/upload", headers=form, data=named + b"half of it"), 400)
    two = named + b"whole\r\n" + named + b"half of it"
    assert_problem(api.ask("POST", "/api/v1/upload", headers=form, data=two), 400)
    assert_problem(api.ask("POST", "/api/v1/upload", headers=form, data=b"--b--\r\n"), 422)
    assert_problem(api.ask("POST", "/api/v1/upload", files=[("lap", (None, "x"))]), 422)
    assert_problem(api.ask("POST", "/api/v1/upload", files=[("files", ("a", b"a"))] * (FILES_AT_ONCE + 1)), 422)
    assert_problem(api.upload(("lap.csv", lap(1)), query="?rows=10001"), 422)
    for body in ({}, {"subsession_ids": []}, {"subsession_ids": ["'"]}, {"subsession_ids": ["1"] * 1_001}, [], "x"):
        assert_problem(api.ask("POST", "/api/v1/collect/training-data", json=body), 422)
    assert_problem(api.ask("GET", "/nothing", headers={"X-Request-ID": "mine-1"}), 404)["request_id"] = "mine-1"
    assert len(api.ask("GET", "/health", headers={"X-Request-ID": "not mine" * 20}).headers["x-request-id"]) == 32
    log = (uploads().parent / "logs" / "simrace.log").read_text(encoding="utf-8")
    assert re.search(
        r"event=request_ended .*request_id=mine-1 client=127.0.0.1 method=GET path=/nothing status=404", log
    )
    assert not list(uploads().iterdir())


def test_a_connection_that_is_cut_leaves_nothing(
    api: Api, database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SILENCE_S", 0.3)
    head = (
        f"POST /api/v1/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 5000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="cut.csv"\r\n\r\n'
    ).encode() + lap(1)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", api.port)) as connection:
            connection.sendall(head)
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(head)
        assert b"HTTP/1.1 408 " in connection.recv(4_096)
    deadline = time.monotonic() + 10
    while list(uploads().iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(uploads().iterdir())
    assert api.upload(("lap.csv", lap(2))).status_code == 200
    assert query(database, "select file_name from raw.file_sightings") == [("lap.csv",)]


def test_a_client_that_asks_too_often_waits(serve: Serve) -> None:
    api = serve(requests_per_minute=5)
    assert [api.ask("GET", "/health").status_code for _ in range(5)] == [200] * 5
    answer = api.ask("GET", "/health")
    assert_problem(answer, 429)
    assert 1 <= int(answer.headers["retry-after"]) <= 13


def test_requests_come_back_evenly_and_each_client_has_its_own() -> None:
    now = 0.0
    bucket = Bucket(60, lambda: now)
    assert [bucket.take("a") for _ in range(61)] == [0.0] * 60 + [1.0]
    assert bucket.take("b") == 0
    now = 2.5
    assert [bucket.take("a") for _ in range(3)] == [0, 0, pytest.approx(0.5)]
    now = 1e6
    assert [bucket.take("a") for _ in range(61)][-2:] == [0.0, 1.0]
    assert Bucket(0).take("a") == 0


def test_the_description_needs_nothing_from_elsewhere(api: Api) -> None:
    page = api.ask("GET", "/docs", headers={"Authorization": ""})
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "POST /api/v1/collect/training-data" in page.text
    assert set(re.findall(r"https?://[^/\s]+", page.text)) == {"http://127.0.0.1:8700"}
    assert "<script" not in page.text
    specification = api.ask("GET", "/openapi.json").json()
    specification["paths"]["/<b>"] = {"get": {"description": "<script>", "responses": {}}}
    assert "<script" not in render(specification)
    assert "<b>" not in render(specification)


def test_it_keeps_to_its_specification(api: Api, database: ConnectionParameters) -> None:
    query(
        database,
        "create schema marts; create table marts.ml_training_data (subsession_id text, cust_id text); create table "
        "marts.fct_telemetry_samples (session_id text, session_started_at timestamptz, elapsed_s real, "
        "file_rank smallint); create table marts.file_quality (file_id text, session_id text, file_rank smallint)",
    )
    schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json")
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path == EVENTS_PATH:  # it goes on for as long as somebody listens
            continue
        if operation.path == "/metrics":  # it asks for more of these tables than there is of them here
            continue

        @settings(
            max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def keeps(case: schemathesis.Case) -> None:
            nonlocal tried
            tried += 1
            case.call_and_validate(headers=api.headers)

        keeps()
    assert tried >= 17


@pytest.mark.usefixtures("database", "project")
def test_the_command_ends_well_with_ctrl_c() -> None:
    serving = subprocess.Popen(
        [Path(sys.executable).parent / "simrace", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert serving.stderr
    port = int(re.findall(r":(\d+),", serving.stderr.readline())[0])
    taken = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert (taken.exit_code, "Name another" in taken.output) == (1, True)
    assert Api(port, "").upload(("lap.csv", lap(1))).json()["files"][0]["state"] == "landed"
    serving.send_signal(signal.SIGINT)
    assert (serving.wait(timeout=30), serving.stderr.read()) == (0, "Stopped.\n")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port))


def test_other_addresses_need_a_token(database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIMRACE_API_TOKEN", raising=False)
    for host in ("0.0.0.0", "::", "192.0.2.1", "db.example"):  # noqa: S104
        done = CliRunner().invoke(app, ["serve", "--host", host])
        assert (done.exit_code, "set SIMRACE_API_TOKEN" in done.output) == (2, True), done.output
    for token in ("short", "a token with spaces in it", "é" * 20):
        monkeypatch.setenv("SIMRACE_API_TOKEN", token)
        done = CliRunner().invoke(app, ["serve"])
        assert (done.exit_code, "SIMRACE_API_TOKEN" in done.output, token in done.output) == (1, True, False)


def test_a_full_server_waits_for_another_run(api: Api, database: ConnectionParameters) -> None:
    with closing(psycopg2.connect(database.url)) as other, other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(7467263)")
        with ThreadPoolExecutor(1) as client:
            waiting = client.submit(api.upload, ("lap.csv", lap(1)))
            time.sleep(0.5)
            assert api.ask("GET", "/health").status_code == 200
            assert not waiting.done()
            other.close()
            assert waiting.result(timeout=30).json()["files"][0]["state"] == "landed"
