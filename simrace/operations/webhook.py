"""Tell a URL of problems: POST of a JSON body to SIMRACE_WEBHOOK_URL.

SIMRACE_WEBHOOK_FORMAT says what the other side understands: `json`, `slack` (an incoming webhook, which others take
too) or `pagerduty` (events v2, with the routing key in SIMRACE_WEBHOOK_KEY); left out, the host says. The body of
`json`, version 1: `version`, `event` (run_failed or problems), `sent_at`, `warehouse` (where, without password),
`run_id` (null outside of a run), `summary` (one line), `problems` (a list of `kind`, `name`, `message`; see
status.Problem). A failing webhook fails no run, and only the host of the URL is ever shown, because
the rest may be a secret.
"""

import logging
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_exponential, wait_random

from ingestion.settings import home_directory
from simrace.build.runs import Run
from simrace.logs import log_event
from simrace.operations.status import Problem, read_status

URL_VARIABLE = "SIMRACE_WEBHOOK_URL"
FORMAT_VARIABLE = "SIMRACE_WEBHOOK_FORMAT"
KEY_VARIABLE = "SIMRACE_WEBHOOK_KEY"
FORMATS = ("json", "slack", "pagerduty")
_HOSTS = {"hooks.slack.com": "slack", "events.pagerduty.com": "pagerduty", "events.eu.pagerduty.com": "pagerduty"}
MAX_PROBLEMS_SHOWN = 20
MAX_SUMMARY = 1_024  # characters, of PagerDuty
BODY_VERSION = 1
ATTEMPTS = 3
TIMEOUT_S = 5.0
FIRST_WAIT_S = 0.5


def notify(warehouse: str, problems: Sequence[Problem], run_id: str | None = None, wait_s: float = FIRST_WAIT_S) -> str:
    """Send problems to the URL of the environment; without a URL or a problem, nothing is sent.

    Faults that may pass (no connection or answer, 408, 429, 5xx) are tried three times, with waits that double.

    Args:
        warehouse: Which one, for people.
        problems: What is wrong.
        run_id: Run that found it.
        wait_s: Before the second attempt.

    Returns:
        What became of it, for people; empty when there was nothing to send.
    """
    url = os.environ.get(URL_VARIABLE)
    if not url or not problems:
        return ""
    style = os.environ.get(FORMAT_VARIABLE) or _HOSTS.get(_host(url), "json")
    if style not in FORMATS:
        return (
            f"{FORMAT_VARIABLE} is {style!r}, and should be one of {', '.join(FORMATS)}: the webhook was told nothing."
        )
    if style == "pagerduty" and not os.environ.get(KEY_VARIABLE):
        return f"PagerDuty needs the routing key of its service in {KEY_VARIABLE}: the webhook was told nothing."
    told: dict[str, object] = {
        "version": BODY_VERSION,
        "event": "run_failed" if any(problem.kind == "run_failed" for problem in problems) else "problems",
        "sent_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "warehouse": warehouse,
        "run_id": run_id,
        "summary": _summary(warehouse, problems),
        "problems": [asdict(problem) for problem in problems],
    }
    body = told if style == "json" else _slack(told) if style == "slack" else _pagerduty(told)
    tries = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=wait_s) + wait_random(0, wait_s),
        retry=retry_if_result(lambda result: result[1]),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )

    def attempt() -> tuple[str, bool]:
        answer, may_pass = _post(url, body)
        number = tries.statistics["attempt_number"]
        if answer:
            log_event("webhook_failed", logging.WARNING, answer=answer, attempt=number)
        else:
            log_event("webhook_sent", problems=len(problems), attempt=number)
        return answer, may_pass

    answer, _ = tries(attempt)
    if answer:
        return f"The webhook at {_host(url)} could not be told ({answer}); check {URL_VARIABLE}."
    return f"The webhook at {_host(url)} was told of {len(problems)} problems."


def notify_of_run(run: Run) -> str:
    """Send what is wrong at the end of a run: its own failure, and what the warehouse's state says; never raises.

    Args:
        run: The run, ended and written down.

    Returns:
        As `notify`.
    """
    if not os.environ.get(URL_VARIABLE):
        return ""
    problems = []
    try:
        if run.parameters:
            with closing(run.parameters.connect()) as connection:
                problems = read_status(connection, home_directory()).problems
    except Exception as error:
        log_event("status_unknown", logging.WARNING, error=type(error).__name__)
    if run.error and not any(problem.kind == "run_failed" for problem in problems):  # it could not be written down
        problems.insert(0, Problem("run_failed", run.command, run.error))
    return notify(str(run.parameters or "no database"), problems, run.run_id)


def _post(url: str, body: dict[str, object]) -> tuple[str, bool]:
    """What went wrong, empty when nothing did, and whether it may pass."""
    import requests  # here, because it takes a while that `simrace --help` should not

    try:
        # Streamed and not read: what it says is nothing to us, and might never end. A redirect could lead anywhere.
        with requests.post(url, json=body, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer:
            code = answer.status_code
    except (requests.ConnectionError, requests.Timeout) as error:
        return type(error).__name__, True
    except (requests.RequestException, ValueError) as error:  # its text would show the URL
        return type(error).__name__, False
    return ("", False) if 200 <= code < 300 else (f"HTTP {code}", code in (408, 429) or code >= 500)


def _slack(told: dict[str, Any]) -> dict[str, object]:
    """A message with a line for each problem; what Slack reads as markup is escaped as it asks for."""
    problems = told["problems"]
    lines = [f"• *{each['kind'].replace('_', ' ')}* {each['name']}: {each['message']}" for each in problems]
    more = [f"and {len(lines) - MAX_PROBLEMS_SHOWN} more"] if len(lines) > MAX_PROBLEMS_SHOWN else []
    text = "\n".join([f"simrace, {told['warehouse']}", *lines[:MAX_PROBLEMS_SHOWN], *more])
    return {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def _pagerduty(told: dict[str, Any]) -> dict[str, object]:
    """An event of its API, version 2; all of one warehouse are one alert, which people resolve."""
    return {
        "routing_key": os.environ[KEY_VARIABLE],
        "event_action": "trigger",
        "dedup_key": f"simrace:{told['warehouse']}"[:255],
        "payload": {
            "summary": told["summary"][:MAX_SUMMARY],
            "source": told["warehouse"],
            "severity": "critical" if told["event"] == "run_failed" else "warning",
            "timestamp": told["sent_at"],
            "component": "simrace",
            "custom_details": {"run_id": told["run_id"], "problems": told["problems"][:MAX_PROBLEMS_SHOWN]},
        },
    }


def _summary(warehouse: str, problems: Sequence[Problem]) -> str:
    first = f"{problems[0].kind.replace('_', ' ')}: {problems[0].name}: {problems[0].message}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"simrace, {warehouse}: {first}{more}"


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "(no host)"
    except ValueError:
        return "(no host)"
