"""What a scheduler is asked to do; its processes get it in SIMRACE_SCHEDULE."""

import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ingestion.errors import ReadableError
from ingestion.settings import home_directory

PLAN_VARIABLE = "SIMRACE_SCHEDULE"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class ScheduleError(ReadableError):
    """The scheduler cannot start; the text says why, and the way out."""


@dataclass(frozen=True)
class Plan:
    """What is landed and written.

    Attributes:
        sources: Files, folders, globs and addresses, as `simrace run` takes them.
        archives: The same with %Y and %m in place of year and month.
        since: First month of archives and exports, such as 2024-01.
        exports: Marts that are written as files.
        output: Folder or address that they are written to.
        look_s: Seconds between two looks for new files; a file that rests so long is landed.
        retry_s: Seconds before a failed step is tried again, doubled each time.
    """

    sources: tuple[str, ...]
    archives: tuple[str, ...]
    since: str
    exports: tuple[str, ...]
    output: str
    look_s: int = 30
    retry_s: int = 15

    def check(self) -> None:
        """See that it can be done.

        Raises:
            ScheduleError: it cannot.
        """
        if not (self.sources or self.archives):
            raise ScheduleError(
                "Name what is to be landed: simrace schedule PATH... (without one: what `simrace run` was given)"
            )
        for each in self.archives:
            if not ("%Y" in each and "%m" in each):
                raise ScheduleError(f"What comes by month has it in its path: {each} lacks %Y or %m, as in /srv/%Y-%m")
        if not _MONTH.fullmatch(self.since):
            raise ScheduleError(f"{self.since!r} is no month: --since 2024-01")

    def to_text(self) -> str:
        """As PLAN_VARIABLE has it."""
        return json.dumps(asdict(self))


def read_plan() -> Plan:
    """The plan of this process.

    Raises:
        ScheduleError: it was not started by `simrace schedule`.
    """
    if not (text := os.environ.get(PLAN_VARIABLE)):
        raise ScheduleError(f"{PLAN_VARIABLE} is not set: start it by `simrace schedule`.")
    values: dict[str, Any] = json.loads(text)
    return Plan(**(values | {name: tuple(value) for name, value in values.items() if isinstance(value, list)}))


def schedule_folder() -> Path:
    """What the scheduler keeps: Dagster's own files, the project's parse, its environment."""
    return home_directory() / "schedule"


def default_output() -> str:
    """Where exports and reports are written unless it is said."""
    return str(schedule_folder() / "files")


def first_month(today: date) -> str:
    """A year before this month."""
    return f"{today.year - 1}-{today.month:02}"
