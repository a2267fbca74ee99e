"""Formats of race results: one module each, with its `FORMAT`, or `FORMATS` where sims share a container.

A new module is found by itself.
"""

import pkgutil
from importlib import import_module

from ingestion.formats.kinds import JsonFormat, TableFormat, XmlFormat

_MODULES = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
RESULTS: tuple[JsonFormat | TableFormat | XmlFormat, ...] = tuple(
    found for module in _MODULES for found in getattr(module, "FORMATS", None) or (module.FORMAT,)
)
