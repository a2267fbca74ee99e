"""Figures come when all else of a page is on the screen: a browser that reads their script shows nothing meanwhile.

The script is of 5 MB and keeps a browser busy for a second or more, at the first visit. So the first run of a page
leaves room for its figures, the browser says when it has shown the rest, and the next run draws them. A command to copy
has a script of 1.5 MB, and comes with them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st

_IS_SEEN = "rest_of_page_is_seen"  # in the session
# What is loading has a skeleton in its place; a table has its frame before its cells. If something of it never comes,
# the figures come all the same.
_SCRIPT = """
export default function ({setTriggerValue}) {
  const has = (what) => document.querySelector(what) !== null, latest = performance.now() + 3000;
  const isSeen = () => !has("[data-testid=stSkeleton]") &&
    (!has("[data-testid=stDataFrame]") || has("[data-testid=stDataFrame] canvas"));
  let frames = 0, next = 0;
  const look = () => {
    frames = isSeen() ? frames + 1 : 0;
    if (frames > 2 || performance.now() > latest) setTriggerValue("seen", true);
    else next = setTimeout(look, 30);
  };
  look();
  return () => clearTimeout(next);
}
"""
_component = st.components.v2.component("simrace_rest_of_page", js=_SCRIPT)
_put_off: ContextVar[list[str] | None] = ContextVar("put_off", default=None)


@contextmanager
def figures_last() -> Iterator[None]:
    """Leave the figures of what is within out of the first run, and let the browser ask for the next one."""
    if _IS_SEEN in st.session_state:
        yield
        return
    put_off: list[str] = []
    token = _put_off.set(put_off)
    try:
        yield
    finally:
        _put_off.reset(token)
    if put_off:
        # whatever runs the page next, a choice of the reader too
        st.session_state[_IS_SEEN] = True
        _component(key="rest_of_page", on_seen_change=lambda: None)


def are_put_off() -> bool:
    """Whether the figures of this run come with the next."""
    return _put_off.get() is not None


def in_turn(key: str, draw: Callable[[], object]) -> None:
    """Draw a figure in this place, now or in the next run.

    Args:
        key: Of the figure.
        draw: Shows it; or something else whose script is large.
    """
    with st.container():
        if (put_off := _put_off.get()) is None:
            draw()
        else:
            put_off.append(key)
