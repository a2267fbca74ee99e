"""A report of what a page shows, as a file to print or to post; it is made when its button is clicked."""

from collections.abc import Callable
from contextlib import closing

import streamlit as st
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from simrace.dashboard import data
from simrace.report.document import Document
from simrace.report.writing import Format, written

KINDS = {
    Format.HTML: ("Page to print", "text/html"),
    Format.MD: ("Text for a chat or forum", "text/markdown"),
    Format.PNG: ("Picture", "image/png"),
}


def report_buttons(name: str, make: Callable[[Connection], Document]) -> None:
    """Show a button for each kind of file.

    Args:
        name: Of the file, without its ending.
        make: Makes the report of what a connection reads.
    """

    def bytes_of(kind: Format) -> Callable[[], bytes]:
        def made() -> bytes:
            with closing(data.connect()) as connection:
                return written(connection, make(connection), kind)

        return made

    st.markdown("The report of it, as a file:")
    with st.container(horizontal=True):
        for kind, (words, mime) in KINDS.items():
            st.download_button(words, bytes_of(kind), f"{name}.{kind}", mime, key=f"report_{kind}", on_click="ignore")
