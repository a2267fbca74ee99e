"""Filters whose values are in the page's address, so that a bookmark or a link shows the same."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st


def choose(label: str, name: str, options: Mapping[str, str]) -> str:
    """Let one be chosen; the first unless the address names another.

    Args:
        label: What is chosen.
        name: Of the parameter in the address.
        options: Value in the address to what is shown of it; at least one.
    """
    if st.session_state.get(name) not in options:
        asked = st.query_params.get(name)
        st.session_state[name] = asked if asked in options else next(iter(options))
    shown = _told_apart(options)
    chosen: str = st.selectbox(label, list(options), format_func=shown.__getitem__, key=name)
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


def choose_number(label: str, name: str, highest: float, step: float) -> float:
    """Let a number from 0 be chosen by a slider.

    Args:
        label: What is chosen, with its unit.
        name: Of the parameter in the address.
        highest: End of the slider, in the unit of the label.
        step: Distance of its places, in the unit of the label.
    """
    if not isinstance(current := st.session_state.get(name), float) or current > highest:
        try:
            asked = float(st.query_params.get(name, "0"))
        except ValueError:
            asked = 0.0
        st.session_state[name] = asked if 0 <= asked <= highest else 0.0
    chosen: float = st.slider(label, 0.0, highest, step=step, format="%.0f", key=name)
    _remember(name, [f"{chosen:g}"])
    return chosen


def _remember(name: str, values: list[str]) -> None:
    if st.query_params.get_all(name) != values:
        st.query_params[name] = values


def _told_apart(options: Mapping[str, str]) -> dict[str, str]:
    """Streamlit tells options apart by what it shows of them."""
    uses = Counter(options.values())
    return {value: label if uses[label] == 1 else f"{label} ({value})" for value, label in options.items()}
