"""Wait for faults of the database that pass, and report the others at once."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import psycopg2
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from ingestion.disk import GONE
from ingestion.errors import ReadableError
from ingestion.settings import whole_number
from simrace.database.server import say_on_stderr
from simrace.logs import log_event

RETRIES_VARIABLE = "SIMRACE_RETRIES"
FIRST_WAIT_S = 1
LONGEST_WAIT_S = 30

Result = TypeVar("Result")

# SQLSTATE: connection lost, rolled back because of another (deadlock), out of resources, lock not available, shut down.
_PASSING_STATES = ("08", "40", "53", "55P03", "57P0")
_LASTING_STATES = ("53100", "57P04")  # the disk is full, the database was dropped

# Used without a SQLSTATE: libpq gives none for a failed connection, and dbt passes on only the words.
_PASSING_WORDS = (
    *GONE,
    "too many clients already",
    "remaining connection slots are reserved",
    "deadlock detected",
    "due to lock timeout",
    "could not serialize access",
)


class SecondHandError(ReadableError):
    """What a program said of the database, as dbt does: only its words tell whether the fault passes."""


def patiently(action: Callable[[], Result]) -> Result:
    """Call an action, and again after a passing fault: 3 times by default, after longer and longer random waits.

    Args:
        action: Something that may begin again after a failure. SIMRACE_RETRIES says how often.

    Raises:
        SettingError: SIMRACE_RETRIES is not a number; else whatever the last try raised.
    """
    retries = whole_number(RETRIES_VARIABLE, 3)

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        cause = next((line for line in str(error).splitlines() if _is_passing_text(line)), str(error).split("\n")[0])
        wait_s = state.next_action.sleep if state.next_action else 0
        log_event(
            "retry", logging.WARNING, error=type(error).__name__, attempt=state.attempt_number, wait_s=round(wait_s, 1)
        )
        say_on_stderr(f"{cause.strip()}\nTrying again in {wait_s:.0f} s ({state.attempt_number} of {retries}).")

    return Retrying(
        stop=stop_after_attempt(1 + retries),
        wait=wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S) + wait_random(0, FIRST_WAIT_S),
        retry=retry_if_exception(is_passing),
        before_sleep=tell,
        reraise=True,
    )(action)


def is_passing(error: BaseException) -> bool:
    """Whether an error goes away by itself: connection lost, deadlock, lock timeout, restart."""
    return any(_is_passing_itself(each) for each in _errors_in(error))


def _is_passing_itself(error: BaseException) -> bool:
    if isinstance(error, psycopg2.Error) and error.pgcode:
        return error.pgcode.startswith(_PASSING_STATES) and error.pgcode not in _LASTING_STATES
    return isinstance(error, psycopg2.Error | SecondHandError) and _is_passing_text(str(error))


def _is_passing_text(text: str) -> bool:
    return any(words in text.lower() for words in _PASSING_WORDS)


def _errors_in(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes; dlt keeps some of them as attributes."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        kept = (getattr(each, name, None) for name in ("client_exception", "dbapi_exception", "inner_exc", "exception"))
        under = (each.__cause__, each.__context__, *kept)
        waiting += [found for found in under if isinstance(found, BaseException)]
