"""Formats of binary logs: one module each, with its `FORMAT`. A new module is found by itself.

The formats need numpy, so they are imported only for a file that can be a binary log.
"""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import PurePath

from ingestion.formats.logs.log import LogFormat
from ingestion.reading import Reason, RefusedError

# How the names of binary logs end. They are only for telling people why a file is none; what a file is its bytes say.
_NAMED = {
    ".ibt": "an iRacing log",
    ".ld": "a MoTeC log",
    ".duckdb": "a log of Le Mans Ultimate",
    ".xrk": "an AiM log",
    ".xrz": "an AiM log",
    ".tdf": "a lap of Garage 61",
}


@cache
def log_formats() -> tuple[LogFormat, ...]:
    """All formats of binary logs."""
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return tuple(module.FORMAT for module in modules if hasattr(module, "FORMAT"))


def find_log_format(head: bytes) -> LogFormat | None:
    """The format of a binary log.

    Args:
        head: The first 4,096 bytes of the file.

    Returns:
        None when the file is of none of these formats: a text, or a binary of another kind.
    """
    if b"\0" not in head:
        return None
    return next((known for known in log_formats() if known.matches(head)), None)


def as_named(refusal: RefusedError, file_name: str) -> RefusedError:
    """The refusal of a file as a text, which says more if its name is that of a binary log."""
    title = _NAMED.get(PurePath(file_name).suffix.lower())
    if title is None or refusal.reason not in (Reason.UNDECODABLE, Reason.NUL_CHARACTERS):
        return refusal
    return RefusedError(refusal.reason, f"{refusal.detail}; it is named as {title} is, and does not begin as one")
