"""Passing faults of the database are waited out; what will not pass is told at once."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import psycopg2
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from ingestion.build import BuildError
from ingestion.logs import log_event
from ingestion.server import say_on_stderr
from ingestion.settings import whole_number

RETRIES_VARIABLE = "SIMRACE_RETRIES"
FIRST_WAIT_S = 1
LONGEST_WAIT_S = 30

Result = TypeVar("Result")

# SQLSTATE: connection lost, rolled back for another's sake (deadlock), out of resources, lock not available, shut down.
_PASSING_STATES = ("08", "40", "53", "55P03", "57P0")
_LASTING_STATES = ("53100", "57P04")  # the disk is full, the database was dropped

# Where there is no SQLSTATE: libpq tells none of a connection that failed, and dbt passes on the words alone.
_PASSING_WORDS = (
    "connection refused",
    "connection reset by peer",
    "connection timed out",
    "timeout expired",
    "connection already closed",
    "server closed the connection",
    "connection has been closed unexpectedly",
    "terminating connection",
    "the database system is",  # starting up, shutting down, in recovery mode, not yet accepting connections
    "too many clients already",
    "remaining connection slots are reserved",
    "deadlock detected",
    "due to lock timeout",
    "could not serialize access",
    "ssl syscall error",
)


def patiently(action: Callable[[], Result]) -> Result:
    """Do something; after a passing fault again, 3 times by default, after ever longer waits of uneven length.

    Args:
        action: Something that may be begun again after it failed. SIMRACE_RETRIES says how often it is.

    Raises:
        SettingError: SIMRACE_RETRIES is no number; else whatever the last try raised.
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
    """Whether an error is of a kind that goes away by itself: connection lost, deadlock, lock timeout, restart."""
    return any(_is_passing_itself(each) for each in _errors_in(error))


def _is_passing_itself(error: BaseException) -> bool:
    if isinstance(error, psycopg2.Error) and error.pgcode:
        return error.pgcode.startswith(_PASSING_STATES) and error.pgcode not in _LASTING_STATES
    return isinstance(error, psycopg2.Error | BuildError) and _is_passing_text(str(error))


def _is_passing_text(text: str) -> bool:
    return any(words in text.lower() for words in _PASSING_WORDS)


def _errors_in(error: BaseException) -> Iterator[BaseException]:
    """The error, and those it was raised for; dlt keeps some of them as attributes."""
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
