"""What is known of formats beyond how they are read: the channels that theirs can be."""

import difflib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ingestion.formats.identify import check_declarations, declared_formats
from simrace.build.project import project_directory

CLOCK = "elapsed_s"
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time, where it was built


def check_declared() -> None:
    """Read what users declare anew, and check that their channels are some that samples have.

    Raises:
        DeclarationError: a declaration cannot be understood; the text says where and what would be right.
    """
    check_declarations()
    for declared in declared_formats():
        for channel in declared.channels:
            known = canonical_channels()
            if channel.channel not in known:
                near = difflib.get_close_matches(channel.channel, known, 3, 0.5)
                told = f"near to it are: {', '.join(near)}" if near else "`simrace format channels` lists all"
                raise channel.entry.wrong(
                    f"has for channel {channel.channel!r}, which samples do not have; {told}", "channel"
                )


def canonical_channels() -> list[str]:
    """Names of all channels that samples have, the clock first."""
    return _canonical_channels(project_directory() / "dbt_project.yml")


@cache
def _canonical_channels(file: Path) -> list[str]:
    project: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=_YAML)  # noqa: S506 - both are safe
    return [CLOCK, *project["vars"]["telemetry_channels"]]
