"""Buttons for what one does with a page: copy its link, which holds every choice, and print it."""

import streamlit as st

_HTML = """
<div class="tools"><button type="button" id="copy">Copy link</button><button type="button" id="print">Print</button>
<span role="status"></span></div>
"""
_CSS = """
.tools { display: flex; gap: .5rem; align-items: center; font-family: var(--st-font); color: var(--st-text-color) }
button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--st-border-color);
         border-radius: .5rem; padding: .25rem .75rem; cursor: pointer }
button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color) }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px }
"""
_SCRIPT = """
export default function ({parentElement}) {
  const find = (what) => parentElement.querySelector(what), told = find("[role=status]");
  find("#print").onclick = () => window.print();
  find("#copy").onclick = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      told.textContent = "Copied.";
    } catch {
      told.textContent = window.location.href;
    }
    setTimeout(() => { told.textContent = ""; }, 4000);
  };
}
"""
# On paper: no navigation, no controls, and all of the page instead of what the window shows.
_PRINT = """<style>
@media print {
  [data-testid=stHeader], [data-testid=stToolbar], [data-testid=stSidebar], .st-key-page_foot,
  [data-testid=stExpander] { display: none !important }
  [data-testid=stApp], [data-testid=stAppViewContainer], [data-testid=stMain] {
    position: static !important; overflow: visible !important; height: auto !important }
  [data-testid=stPlotlyChart], [data-testid=stDataFrame], [data-testid=stMetric] { break-inside: avoid }
}
</style>"""
_component = st.components.v2.component("simrace_page_tools", html=_HTML, css=_CSS, js=_SCRIPT)


def page_tools() -> None:
    """Show the buttons."""
    st.html(_PRINT)
    with st.container(key="page_tools"):
        _component(key="page_tools_buttons")
