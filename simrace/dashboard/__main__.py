"""`python -m simrace.dashboard`: Streamlit with what the pages import, so that the first visitor does not wait."""

import pandas as pd  # noqa: F401
import plotly.graph_objects as go  # noqa: F401
from streamlit.web.cli import main

import simrace.database.connection  # noqa: F401

main(prog_name="streamlit")
