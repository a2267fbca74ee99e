"""Formats of binary logs: one module each, with its `FORMAT`. A new module is found by itself.

The formats need numpy, so they are imported only for a file that can be a binary log.
"""

import pkgutil
from functools import cache
from importlib import import_module

from ingestion.formats.logs.log import LogFormat


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
