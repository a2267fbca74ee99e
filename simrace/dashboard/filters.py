"""Filters whose values are in the page's address, so that a bookmark or a link shows the same."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from simrace.dashboard.units import Unit, unit, written


def choose(label: str, name: str, options: Mapping[str, str], side_by_side: bool = False) -> str:
    """Let one be chosen; the first unless the address names another.

    Args:
        label: What is chosen.
        name: Of the parameter in the address.
        options: Value in the address to what is shown of it; at least one.
        side_by_side: Show all of them at once; the arrow keys step through them.
    """
    if st.session_state.get(name) not in options:
        asked = st.query_params.get(name)
        st.session_state[name] = asked if asked in options else next(iter(options))
    shown = _told_apart(options)
    chosen: str
    if side_by_side:
        chosen = str(st.radio(label, list(options), format_func=shown.__getitem__, key=name, horizontal=True))
    else:
        chosen = st.selectbox(label, list(options), format_func=shown.__getitem__, key=name)
    _remember(name, [chosen])
    return chosen


def choose_several(label: str, name: str, options: Mapping[str, str], default: Sequence[str], most: int) -> list[str]:
    """Let several be chosen; the address keeps them in the order of choice.

    Args:
        label: What is chosen.
        name: Of the parameter in the address.
        options: Value in the address to what is shown of it.
        default: Chosen when the address names none.
        most: How many may be chosen.
    """
    if name not in st.session_state or not set(st.session_state[name]) <= options.keys():
        asked = [value for value in st.query_params.get_all(name) if value in options][:most]
        st.session_state[name] = asked or list(default)
    shown = _told_apart(options)
    chosen: list[str] = st.multiselect(
        label, list(options), format_func=shown.__getitem__, key=name, max_selections=most
    )
    _remember(name, chosen)
    return chosen


def choose_place(label: str, name: str, length_m: float, step_m: int) -> int:
    """Let a place on the lap be chosen by a slider.

    Args:
        label: What is chosen.
        name: Of the parameter in the address, which is in metres.
        length_m: Of the lap.
        step_m: Distance of the slider's places.
    """
    places = range(0, max(int(length_m), 1), step_m)
    if st.session_state.get(name) not in places:
        asked = st.query_params.get(name, "")
        st.session_state[name] = int(asked) if asked.isdecimal() and int(asked) in places else 0
    chosen: int = st.select_slider(label, places, format_func=lambda place: written(place, "m"), key=name)
    _remember(name, [str(chosen)])
    return chosen


def name_number(
    label: str, name: str, least: float, most: float, default: float | None = None, suffix: str = "", blank: str = ""
) -> float | None:
    """Let a number be named; blank is none.

    Args:
        label: What it is.
        name: Of the parameter in the address, which is in the unit of the marts.
        least: That may be named.
        most: That may be named.
        default: Named when the address names none.
        suffix: Of a unit that the reader chose, such as l.
        blank: What stands in the field while it is blank.
    """
    shown = unit(suffix) if suffix else Unit("")
    key = f"{name}_{shown.name}" if suffix else name  # the other unit has a field of its own
    if key not in st.session_state:
        asked = _as_number(st.query_params.get(name, ""))
        value = asked if asked is not None and least <= asked <= most else default
        st.session_state[key] = None if value is None else round(float(shown.of(value)), 3)
    chosen: float | None = st.number_input(
        f"{label}, {shown.name}" if suffix else label,
        min_value=float(shown.of(least)),
        max_value=float(shown.of(most)),
        key=key,
        format="%g",
        placeholder=blank or None,
    )
    value = None if chosen is None else (chosen - shown.offset) / shown.factor
    _remember(name, [] if value is None else [f"{value:.6g}"])
    return value


def write(label: str, name: str, most: int, blank: str = "") -> str:
    """Let a line be written.

    Args:
        label: What it is.
        name: Of the parameter in the address.
        most: How many characters it may have.
        blank: What stands in the field while it is blank.
    """
    if name not in st.session_state:
        st.session_state[name] = st.query_params.get(name, "")[:most]
    written_line = str(st.text_input(label, key=name, max_chars=most, placeholder=blank)).strip()
    _remember(name, [written_line] if written_line else [])
    return written_line


def whether(label: str, name: str) -> bool:
    """Let something be switched on.

    Args:
        label: What it is.
        name: Of the parameter in the address.
    """
    if name not in st.session_state:
        st.session_state[name] = st.query_params.get(name) == "yes"
    chosen: bool = st.toggle(label, key=name)
    _remember(name, ["yes"] if chosen else [])
    return chosen


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _remember(name: str, values: list[str]) -> None:
    if st.query_params.get_all(name) != values:
        st.query_params[name] = values


def _told_apart(options: Mapping[str, str]) -> dict[str, str]:
    """Streamlit tells options apart by what it shows of them."""
    uses = Counter(options.values())
    return {value: label if uses[label] == 1 else f"{label} ({value})" for value, label in options.items()}
