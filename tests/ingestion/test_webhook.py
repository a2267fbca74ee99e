"""The webhook gets problems, and nothing else fails whatever it does."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from simrace.database.connection import ConnectionParameters
from simrace.logs import log_file
from simrace.operations import webhook
from simrace.operations.status import Problem
from simrace.operations.webhook import notify
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import GARAGE61, ROW, query, stage

STALE = Problem("source_stale", "raw.files", "The newest row is 400 days old.")
FAILED = Problem("run_failed", "run", "It failed.")


class Receiver:
    """A local server that answers as it is told, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[int] = []  # the last one for good; 0 never answers
        self.bodies: list[dict[str, object]] = []
        self.paths: list[str] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.paths.append(self.path)
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                answer = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                if answer == 0:
                    receiver.released.wait(30)
                    return
                self.send_response(answer)
                if answer == 302:
                    self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.send_header("Content-Length", "1000000")  # never sent: nobody may wait for it
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://user:hunter2@127.0.0.1:{self.port}/hooks/t0ken?key=s3cret"


SECRETS = ("hunter2", "t0ken", "s3cret", "hooks")


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver()
    monkeypatch.setenv("SIMRACE_WEBHOOK_URL", made.url)
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.5)
    yield made
    made.released.set()
    made.server.shutdown()
    made.server.server_close()


def test_the_body_is_what_the_documentation_says(receiver: Receiver) -> None:
    receiver.answers = [204]
    assert "was told of 2 problems" in notify("simrace at here:1 as me", [STALE, FAILED], "r1")
    [body] = receiver.bodies
    assert str(body.pop("sent_at")).endswith("+00:00")
    assert body == {
        "version": 1,
        "event": "run_failed",
        "warehouse": "simrace at here:1 as me",
        "run_id": "r1",
        "summary": "simrace, simrace at here:1 as me: source stale: raw.files: The newest row is 400 days old. "
        "(and 1 more)",
        "problems": [
            {"kind": "source_stale", "name": "raw.files", "message": "The newest row is 400 days old."},
            {"kind": "run_failed", "name": "run", "message": "It failed."},
        ],
    }
    assert receiver.paths == ["/hooks/t0ken?key=s3cret"]
    notify("w", [STALE])
    assert receiver.bodies[1]["event"] == "problems"
    assert receiver.bodies[1]["run_id"] is None


@pytest.mark.parametrize(
    ("answers", "attempts", "said"),
    [
        ([500, 429, 200], 3, "was told of 1 problems"),
        ([503], 3, "could not be told (HTTP 503)"),
        ([0], 3, "could not be told (ReadTimeout)"),
        ([0, 200], 2, "was told of 1 problems"),
        ([404], 1, "could not be told (HTTP 404)"),
        ([302], 1, "could not be told (HTTP 302)"),
    ],
)
def test_what_may_pass_is_tried_again(receiver: Receiver, answers: list[int], attempts: int, said: str) -> None:
    receiver.answers = answers
    began = time.monotonic()
    answer = notify("w", [STALE], wait_s=0.01)
    assert said in answer
    assert len(receiver.bodies) == attempts
    assert time.monotonic() - began < 20  # it would be 30 and more for a server that hangs
    log = log_file().read_text(encoding="utf-8")
    assert log.count("event=webhook_failed") == attempts - ("was told" in answer)
    assert not [secret for secret in SECRETS if secret in answer + log]


@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@127.0.0.1:1/hooks/t0ken?key=s3cret",
        "http://no-such-host.invalid/hooks/t0ken",
        "ftp://user:hunter2@127.0.0.1/hooks/t0ken",
        "http://[hunter2/t0ken",
        "t0ken s3cret",
        "http://127.0.0.1:99999/hooks",
    ],
)
def test_a_url_that_leads_nowhere_is_said_without_its_secrets(
    receiver: Receiver, url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIMRACE_WEBHOOK_URL", url)
    answer = notify("w", [STALE], wait_s=0.01)
    shown = capfd.readouterr()
    assert "could not be told" in answer
    written = answer + shown.out + shown.err + log_file().read_text(encoding="utf-8")
    assert not [secret for secret in SECRETS if secret in written]


def test_without_a_problem_or_a_url_nothing_is_sent(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver.answers = [200]
    assert notify("w", []) == ""
    monkeypatch.delenv("SIMRACE_WEBHOOK_URL")
    assert notify("w", [STALE]) == ""
    assert receiver.bodies == []


def test_a_failed_run_is_told(receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver.answers = [200]
    monkeypatch.setenv("SIMRACE_DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
    done = simrace("land", tmp_path / "lap.csv")
    assert done.exit_code == 1
    [body] = receiver.bodies
    assert body["event"] == "run_failed"
    assert "No connection to none at 127.0.0.1:1" in str(body["summary"])
    assert "hunter2" not in json.dumps(body)
    assert f"run_id={body['run_id']}" in log_file().read_text(encoding="utf-8")


def test_a_good_run_stays_good(
    database: ConnectionParameters, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with nothing to report, with a webhook that refuses, or when the problems cannot be found out."""
    receiver.answers = [404]
    lap = tmp_path / "lap.csv"
    lap.write_text(GARAGE61 + ROW * 20, encoding="utf-8")
    assert simrace("land", lap).exit_code == 0
    assert receiver.bodies == []
    stage(database)
    query(database, "update raw.files set landed_at = landed_at - interval '400 days'")
    done = simrace("land", lap)
    assert done.exit_code == 0
    assert "could not be told (HTTP 404)" in done.output
    assert [problem["kind"] for problem in receiver.bodies[0]["problems"]] == ["source_stale"]  # type: ignore[attr-defined]
    done = simrace("status", "--notify")
    assert done.exit_code == 0
    assert len(receiver.bodies) == 2
    query(database, "alter view marts.source_freshness rename column status to verdict")
    assert simrace("land", lap).exit_code == 0
    assert len(receiver.bodies) == 2


def test_there_must_be_somebody_to_tell(database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIMRACE_WEBHOOK_URL", raising=False)
    done = simrace("status", "--notify")
    assert done.exit_code == 1
    assert "set SIMRACE_WEBHOOK_URL" in done.output


def test_slack_gets_a_text_without_markup_of_others(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_WEBHOOK_FORMAT", "slack")
    receiver.answers = [200]
    loud = Problem("run_failed", "run", "<!channel> & more")
    assert "was told of 22 problems" in notify("here", [loud, *[STALE] * 21])
    [body] = receiver.bodies
    assert body.keys() == {"text"}
    lines = str(body["text"]).split("\n")
    assert lines[:2] == ["simrace, here", "• *run failed* run: &lt;!channel&gt; &amp; more"]
    assert lines[-1] == "and 2 more"


def test_pagerduty_gets_an_event_of_its_second_version(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_WEBHOOK_FORMAT", "pagerduty")
    receiver.answers = [202]
    assert "needs the routing key" in notify("here", [FAILED])
    assert receiver.bodies == []
    monkeypatch.setenv("SIMRACE_WEBHOOK_KEY", "k" * 32)
    assert "was told of 1 problems" in notify("here", [Problem("run_failed", "run", "x" * 2_000)], "run-1")
    notify("here", [STALE])
    failed, stale = receiver.bodies
    assert failed["routing_key"] == "k" * 32
    assert failed["event_action"] == "trigger"
    assert failed["dedup_key"] == stale["dedup_key"] == "simrace:here"
    payload, other = failed["payload"], stale["payload"]
    assert isinstance(payload, dict) and isinstance(other, dict)
    assert {"summary", "source", "severity"} <= payload.keys(), "what it refuses an event without"
    assert (payload["severity"], other["severity"]) == ("critical", "warning")
    assert len(payload["summary"]) == 1_024
    assert payload["custom_details"]["run_id"] == "run-1"


def test_a_format_that_nobody_speaks_is_told(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_WEBHOOK_FORMAT", "teams")
    assert "should be one of json, slack, pagerduty" in notify("here", [FAILED])
    assert receiver.bodies == []


@pytest.mark.parametrize(
    ("url", "style"),
    [("https://hooks.slack.com/services/T/B/x", "text"), ("https://events.pagerduty.com/v2/enqueue", "routing_key"),
     ("https://slack.com.example.org/", "version")],
)  # fmt: skip
def test_the_host_says_which_format_it_takes(url: str, style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, object]] = []
    monkeypatch.setenv("SIMRACE_WEBHOOK_URL", url)
    monkeypatch.setenv("SIMRACE_WEBHOOK_KEY", "k")
    monkeypatch.setattr(webhook, "_post", lambda _url, body: (sent.append(body), ("", False))[1])
    notify("here", [FAILED])
    assert style in sent[0]
