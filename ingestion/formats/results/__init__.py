"""Formats of race results: one module each, with its `FORMAT`. A new module is found by itself."""

import pkgutil
from importlib import import_module

from ingestion.formats.kinds import JsonFormat, TableFormat

RESULTS: tuple[JsonFormat | TableFormat, ...] = tuple(
    import_module(f"{__name__}.{module.name}").FORMAT for module in pkgutil.iter_modules(__path__)
)
