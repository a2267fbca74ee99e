"""Units that people read: metric or imperial. Marts and addresses keep one set; only what is shown is converted."""

import os
import re
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

VARIABLE = "SIMRACE_UNITS"
KEY = "units"  # of the switch, in the session
METRIC, IMPERIAL = "metric", "imperial"


class Unit(NamedTuple):
    """How a value of a mart is shown.

    Attributes:
        name: Of the unit, as it is written.
        factor: Of a mart's value to the shown one.
        offset: That is added after it.
    """

    name: str
    factor: float = 1.0
    offset: float = 0.0

    def of(self, value: Any) -> Any:
        """A value of a mart, or a series of them, in this unit."""
        return value * self.factor + self.offset if self.factor != 1 or self.offset else value


# By the suffix of a column of the marts: metric, imperial.
_UNITS = {
    "kph": (Unit("km/h"), Unit("mph", 1 / 1.609344)),
    "m": (Unit("m"), Unit("ft", 1 / 0.3048)),
    "km": (Unit("km"), Unit("mi", 1 / 1.609344)),
    "l": (Unit("l"), Unit("gal", 1 / 3.785411784)),
    "c": (Unit("°C"), Unit("°F", 1.8, 32.0)),
    "kpa": (Unit("kPa"), Unit("psi", 1 / 6.894757293168)),
}
METRIC_UNITS = frozenset(_UNITS)
_SUFFIX = re.compile(rf"_({'|'.join(_UNITS)})(?= [A-Z]$|$)")  # `min_speed_kph B` is the speed of lap B
_DIFFERENCES = re.compile("delta|behind|deviation|slope")


def is_imperial() -> bool:
    """Whether miles, feet, gallons, Fahrenheit and psi are shown."""
    default = os.environ.get(VARIABLE, METRIC).strip().lower()
    return bool(st.session_state.get(KEY, default) == IMPERIAL)


def unit(suffix: str) -> Unit:
    """The unit that a value is shown in.

    Args:
        suffix: Of its column: kph, m, km, l, c or kpa.
    """
    return _UNITS[suffix][is_imperial()]


def unit_of(column: str) -> Unit | None:
    """The unit that a column is shown in; None where it has none of those that differ.

    Args:
        column: Its name, such as `entry_speed_kph`.
    """
    found = _SUFFIX.search(column)
    if not found:
        return None
    shown = unit(found[1])
    return shown._replace(offset=0.0) if _DIFFERENCES.search(column) else shown


def written(value: float, suffix: str, form: str = ",.0f") -> str:
    """A value of a mart with its unit, as a sentence has it.

    Args:
        value: In the unit of the marts.
        suffix: kph, m, km, l, c or kpa.
        form: Format of the number.
    """
    shown = unit(suffix)
    return f"{shown.of(value):{form}} {shown.name}"


def converted(frame: pd.DataFrame, title: str, column: str) -> tuple[pd.Series, str]:
    """A column as it is shown, and its title with the unit in it.

    Args:
        frame: Values of a mart.
        title: With the unit of the mart behind a comma, such as `Entry, km/h`.
        column: Its name in the frame.
    """
    shown = unit_of(column)
    if shown is None or not is_imperial():
        return frame[column], title
    metric = next(one.name for one, other in _UNITS.values() if other.name == shown.name)
    values = shown.of(pd.to_numeric(frame[column], errors="coerce").astype("float64"))
    return values, re.sub(rf", {re.escape(metric)}$", f", {shown.name}", title)


def switch() -> None:
    """Let units be chosen for all pages of this visit."""
    default = IMPERIAL if is_imperial() else METRIC
    st.session_state.setdefault(KEY, default)
    st.segmented_control("Units", [METRIC, IMPERIAL], key=KEY, required=True)
