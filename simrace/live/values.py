"""What a sample of a running session holds: values in the units, ranges and digits that PostgreSQL gives them."""

import math
import struct
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

# Canonical channels that `advance` is given.
CHANNELS: tuple[str, ...] = (
    "lap_number",
    "lap_distance_m",
    "lap_distance_ratio",
    "lap_elapsed_s",
    "last_lap_time_s",
    "fuel_l",
    "speed_kph",
    "gps_speed_kph",
    "on_pit_road",
    "is_on_track",
    "incident_count",
    "session_flags",
)
_SINGLE = struct.Struct("f")

Value = float | None
Sample = list[Value]  # elapsed_s, then the channels in their order


class Limits(NamedTuple):
    """What a sample holds of a channel, as the var telemetry_channels says."""

    kind: str
    low: float
    high: float
    is_around: bool
    nothing: frozenset[float]


def limits_of(kind: Mapping[str, Any]) -> Limits:
    """What the var telemetry_channels says of a channel."""
    return Limits(
        kind["type"],
        float(kind.get("min", -math.inf)),
        float(kind.get("max", math.inf)),
        bool(kind.get("around")),
        frozenset(map(float, kind.get("no_value", ()))),
    )


def canonical(value: Value, limits: Limits) -> Value:
    """A value as samples hold it; None where it is out of range."""
    if value is None:
        return None
    kind = limits.kind
    if kind == "boolean":
        return float(value >= 0.5)
    if not limits.low <= value <= limits.high or value in limits.nothing:
        return None
    if limits.is_around and value < 0:
        value += 1
    if kind == "real":
        return 0.0 if abs(value) < 1e-30 else single(value)
    return float(round(value)) if kind in ("integer", "smallint", "bigint") else float(value)


def single(value: float) -> float:
    """The nearest number of four bytes."""
    return float(_SINGLE.unpack(_SINGLE.pack(value))[0])


def rounded(value: float, places: int) -> float:
    """As PostgreSQL rounds a double that it makes a decimal number."""
    return float(Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def of_single(value: float, places: int) -> float:
    """As PostgreSQL rounds a number of four bytes that it makes a decimal number."""
    return float(Decimal(f"{value:.6g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
