"""The numbers that laps are known by, as dbt has them: the vars of dbt_project.yml."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from simrace.build.project import project_directory


@dataclass(frozen=True)
class Rules:
    """Vars of the project, each described there.

    Attributes:
        kinds: By channel, what a sample holds of it.
    """

    line_crossing_ratio: float
    line_crossing_gap_s: float
    lap_edge_ratio: float
    lap_flicker_s: float
    lap_channel_lag_s: float
    lap_jump_ratio: float
    pace_limit_ratio: float
    caution_flags: int
    refuel_l: float
    trace_step_m: float
    session_longest_s: float
    kinds: Mapping[str, Mapping[str, Any]]


@cache
def rules() -> Rules:
    """The rules of this project."""
    project = yaml.safe_load((project_directory() / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    names = [name for name in Rules.__dataclass_fields__ if name != "kinds"]
    return Rules(**{name: project[name] for name in names}, kinds=project["telemetry_channels"])
