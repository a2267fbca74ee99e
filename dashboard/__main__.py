"""`python -m dashboard`: Streamlit with what the pages import beforehand, so that the first visitor does not wait."""

import pandas as pd  # noqa: F401
import plotly.graph_objects as go  # noqa: F401
from streamlit.web.cli import main

import ingestion.database  # noqa: F401

main(prog_name="streamlit")
