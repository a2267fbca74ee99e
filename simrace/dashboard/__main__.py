"""`python -m simrace.dashboard`: Streamlit with what the pages import, so that the first visitor does not wait."""

import pandas as pd  # noqa: F401
import plotly.graph_objects as go  # noqa: F401
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web.cli import main

import simrace.database.connection  # noqa: F401

# To Streamlit a folder `pages` beside the script means another way of making pages: it would not know ours at first.
PagesManager.uses_pages_directory = False
main(prog_name="streamlit")
