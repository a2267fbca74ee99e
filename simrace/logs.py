"""One line for each event, in SIMRACE_HOME/logs/simrace.log: `time=... level=... event=... key=value`.

SIMRACE_LOG=json makes each line a JSON object with the same keys, SIMRACE_LOG=ecs one of the Elastic Common Schema. A
full file (5 MB) is put aside, five are kept. No event holds a password, a line of a file or a message of the database;
a path may name a person.
"""

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from ingestion.settings import home_directory, make_home

FORMAT_VARIABLE = "SIMRACE_LOG"
LEVEL_VARIABLE = "SIMRACE_LOG_LEVEL"  # debug adds a line for each file that was landed before
FILE_BYTES = 5_000_000
FILES_KEPT = 5

Value = str | int | float | bool | None

_logger = logging.getLogger("simrace")
_logger.propagate = False
_bound: ContextVar[dict[str, Value]] = ContextVar("bound", default={})  # noqa: B039 - never changed in place


def log_event(event: str, level: int = logging.INFO, **fields: Value) -> None:
    """Write one line. A log that cannot be written is reported once and stops nothing.

    Args:
        event: What happened, such as file_landed.
        level: As the logging module numbers it.
        fields: Further fields; those that are None are left out.
    """
    if level < _lowest_level():
        return
    _prepare()
    _logger.log(level, event, extra={"fields": {**_bound.get(), **fields}})


@contextmanager
def bound(**fields: Value) -> Iterator[None]:
    """Add fields, such as the run_id, to every event inside."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def log_file() -> Path:
    """Where the log is."""
    return home_directory() / "logs" / "simrace.log"


class LineFormatter(logging.Formatter):
    """An event as one line: key=value, JSON, or JSON of the Elastic Common Schema."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self.style = style

    def format(self, record: logging.LogRecord) -> str:
        """Format the event as one line, whatever its values hold."""
        fields: dict[str, Value] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        fields |= {name: value for name, value in getattr(record, "fields", {}).items() if value is not None}
        if self.style == "ecs":
            return json.dumps(_ecs(fields))
        if self.style == "json":
            return json.dumps(fields)
        return " ".join(f"{name}={_plain(value)}" for name, value in fields.items())


def _ecs(fields: dict[str, Value]) -> dict[str, object]:
    """An event in the field names of ECS 8; what has no place there is below `simrace`."""
    own = {name: value for name, value in fields.items() if name not in ("time", "level", "event", "error", "outcome")}
    named = {
        "@timestamp": fields["time"],
        "log.level": fields["level"],
        "message": fields["event"],
        "ecs.version": "8.11.0",
        "service.name": "simrace",
        "event.dataset": "simrace.log",
        "event.action": fields["event"],
        "event.outcome": {"succeeded": "success", "failed": "failure"}.get(str(fields.get("outcome"))),
        "error.message": fields.get("error"),
    }
    return {**{name: value for name, value in named.items() if value is not None}, **({"simrace": own} if own else {})}


class _Handler(RotatingFileHandler):
    has_failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Report a failure once, instead of a traceback for every event."""
        if not self.has_failed:
            self.has_failed = True
            print(f"simrace: the log {self.baseFilename} cannot be written: {sys.exc_info()[1]}", file=sys.stderr)


def _plain(value: Value) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    is_plain = text.isprintable() and text and not any(character in text for character in ' "=')
    return text if is_plain else json.dumps(text)


def _prepare() -> None:
    """Open the log of the current home, in the current format."""
    file = log_file()
    handler = next((one for one in _logger.handlers if isinstance(one, _Handler)), None)
    if handler is None or handler.baseFilename != str(file):
        if handler:
            _logger.removeHandler(handler)
            handler.close()
        with suppress(OSError):  # the handler reports it
            make_home()
            file.parent.mkdir(mode=0o700, exist_ok=True)  # paths name people
        handler = _Handler(file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8", delay=True)
        handler.errors = "backslashreplace"
        _logger.addHandler(handler)
    handler.setFormatter(LineFormatter(os.environ.get(FORMAT_VARIABLE, "").lower()))
    if _logger.level != (level := _lowest_level()):
        _logger.setLevel(level)


def _lowest_level() -> int:
    return logging.DEBUG if os.environ.get(LEVEL_VARIABLE, "").lower() == "debug" else logging.INFO
