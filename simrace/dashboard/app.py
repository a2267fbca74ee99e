"""The dashboard's frame: navigation, and a look for new data. Started by `simrace dashboard`."""

import os
from functools import partial

import psycopg2
import streamlit as st

from simrace.dashboard import data, units
from simrace.dashboard.command import REFRESH_VARIABLE
from simrace.dashboard.figures_last import figures_last
from simrace.dashboard.page_tools import page_tools
from simrace.dashboard.pages import (
    championship,
    consistency,
    data_quality,
    driver,
    home,
    lap_comparison,
    personal_bests,
    predictions,
    race,
    session,
    strategy,
    track,
)
from simrace.dashboard.shell import CONTRAST, guarded
from simrace.dashboard.shell import PAGES as KNOWN_PAGES
from simrace.database.settings import DatabaseError

PAGES = {
    "home": ("Home", home.show),
    "laps": ("Lap comparison", lap_comparison.show),
    "session": ("Session", session.show),
    "bests": ("Personal bests", personal_bests.show),
    "consistency": ("Consistency", consistency.show),
    "driver": ("Driver", driver.show),
    "track": ("Track", track.show),
    "race": ("Race", race.show),
    "strategy": ("Strategy", strategy.show),
    "championship": ("Championship", championship.show),
    "predictions": ("Predictions", predictions.show),
    "quality": ("Data quality", data_quality.show),
}


# where `simrace serve` listens unless it is told otherwise
LIVE_PAGE = "http://127.0.0.1:8700/live"


def watch_for_new_data(every_s: float) -> None:
    """Read the page anew when a run of the warehouse ended; zoom and filters stay.

    Args:
        every_s: Seconds between two looks; 0 for none.
    """
    if every_s <= 0:
        return

    @st.fragment(run_every=every_s)
    def look() -> None:
        try:
            newest = data.newest_run()
        except (DatabaseError, psycopg2.Error):
            return  # the page reports it when it reads
        seen = st.session_state.setdefault("newest_run", newest)
        if seen != newest:
            st.session_state["newest_run"] = newest
            st.rerun(scope="app")

    look()


st.set_page_config(page_title="simrace", layout="wide")
pages = {
    path: st.Page(partial(guarded, show), title=title, url_path=path, default=path == "home")
    for path, (title, show) in PAGES.items()
}
st.session_state[KNOWN_PAGES] = pages
st.html(CONTRAST)
with figures_last(), data.one_connection():
    st.navigation(list(pages.values()), position="top").run()
    with st.container(key="page_foot", horizontal=True, vertical_alignment="center"):
        page_tools()
        units.switch()
        st.caption(f"Who drives now: [Live]({LIVE_PAGE}), a page of `simrace serve`.")
watch_for_new_data(float(os.environ.get(REFRESH_VARIABLE, "0")))
