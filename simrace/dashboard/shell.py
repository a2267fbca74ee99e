"""The frame of every page: a title, a sentence on what it shows, and sentences instead of stack traces."""

from collections.abc import Callable
from functools import partial

import psycopg2
import streamlit as st
from psycopg2 import errors

from simrace.dashboard.figures_last import in_turn
from simrace.database.settings import DatabaseError

PAGES = "pages"  # in the session: the pages of the navigation, by their path
# Streamlit writes what is small in a grey that axe finds too faint, and in the dark white on light blue.
CONTRAST = """<style>
[data-testid=stCaptionContainer], [data-testid=stCaptionContainer] *, [data-testid=stExpander] summary,
[data-testid=stExpander] summary * { opacity: 1 !important; color: var(--simrace-quiet) !important }
[data-testid=stCaptionContainer] a { text-decoration: underline }
[data-testid=stPageLink] a, [data-testid=stPageLink] a * { color: var(--simrace-focus) !important;
  text-decoration: underline }
/* axes are as faint */
.js-plotly-plot .main-svg :is(.xaxislayer-above, .yaxislayer-above, .colorbar, .annotation) text,
.js-plotly-plot .main-svg [class^=g-][class$=title] text {
  fill: var(--simrace-axis) !important }
/* less of nothing above and below a page */
[data-testid=stMainBlockContainer] { padding-top: 3.5rem !important; padding-bottom: 3rem !important }
/* whoever walks by the keyboard sees where they are; what is in a box, or unseen itself, has the ring round that */
:focus-visible, .react-aria-ComboBox:has(input:focus-visible), .react-aria-TextField:has(input:focus-visible),
label:has(input:focus-visible), [data-testid=stDataFrame] canvas:focus-within,
div:has(> div > input[type=range]:focus-visible) {
  outline: 3px solid var(--simrace-focus) !important; outline-offset: 1px !important;
  border-radius: .5rem }
input:focus-visible { outline: none !important }
main:focus-visible, [role=group] button:focus-visible, [role=radiogroup] button:focus-visible,
[data-testid=stNumberInputContainer] button:focus-visible, [data-testid=stDataFrame] :focus-visible,
[data-testid=stDataFrame] canvas:focus-within {
  outline-offset: -3px !important }
[data-tag-index] { background-color: #0072B2 !important; color: #FFFFFF !important }
:root { --simrace-quiet: #595959; --simrace-axis: #595959; --simrace-focus: #0072B2 }
@media (prefers-color-scheme: dark) {
  :root { --simrace-quiet: #B8B8B8; --simrace-axis: #FAFAFA; --simrace-focus: #56B4E9 } }
</style>"""
NOTHING_BUILT = "There is nothing to see yet: no tables are built. Land files and build them with `simrace run PATH`."


def guarded(page: Callable[[], None]) -> None:
    """Show a page; a fault of the database becomes a sentence with the way out."""
    try:
        page()
    except errors.InsufficientPrivilege as error:
        st.error("This user may not read the marts. The owner of the database lets readers in with `simrace db roles`.")
        st.code(str(error.diag.message_primary), language=None)
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        st.info(NOTHING_BUILT)
    except errors.UndefinedColumn as error:
        st.error("The tables are older than these pages. Build them anew with `simrace build`.")
        st.code(str(error.diag.message_primary), language=None)
    except errors.QueryCanceled:
        st.error("The database took too long to answer. Reload the page when it is less busy.")
    except (DatabaseError, psycopg2.Error) as error:
        st.error("The database does not answer. Start it with `simrace db start`, then reload the page.")
        st.code(str(error).strip(), language=None)


def head(title: str, sentence: str) -> None:
    """Open a page.

    Args:
        title: Name of the page.
        sentence: What one sees.
    """
    st.title(title)
    st.markdown(sentence)


def to_copy(command: str) -> None:
    """Show a command with a button that copies it; its script is large too, so it comes with the figures."""
    in_turn("to_copy", partial(st.code, command, language=None, wrap_lines=True))


def nothing(sentence: str) -> None:
    """Say why there is nothing to see, and what would bring it."""
    st.info(sentence)


def nothing_of(session_id: str) -> None:
    """Say that the samples and traces of a session are not in PostgreSQL, and what brings them."""
    beginning = session_id[:8]
    nothing(
        f"The samples and traces of session `{beginning}` are not here. Where a lake keeps them, "
        f"`simrace fetch-session {beginning}` brings them."
    )


def link(words: str, page: str, **filters: str | list[str]) -> None:
    """Lead to another page.

    Args:
        words: What one comes to; not a name, which could be read as Markdown.
        page: Its path in the address, such as `race`.
        filters: What is chosen there, by the filter's name in the address.
    """
    pages = st.session_state.get(PAGES)
    if pages:  # a page that is shown alone has no others around it
        st.page_link(pages[page], label=words, query_params=filters)
