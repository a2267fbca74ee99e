"""What became of the files, how good the data are, how the last runs went."""

import pandas as pd
import streamlit as st

from simrace.dashboard import data
from simrace.dashboard.charts import COLOURS, figure, table
from simrace.dashboard.charts import show as show_figure
from simrace.dashboard.data import rows
from simrace.dashboard.shell import head, nothing
from simrace.dashboard.words import moment

KPIS = {
    "kpi": ("Figure", None),
    "verdict": ("Verdict", None),
    "value": ("Value", "%.6g"),
    "unit": ("Unit", None),
    "limit": ("Limit", None),
    "measured_at": ("Measured", "moment"),
}
FILES = {
    "file_name": ("File", None),
    "state": ("State", None),
    "source_format": ("Format", None),
    "lines_read": ("Lines", "localized"),
    "lines_loaded": ("Loaded", "localized"),
    "lines_refused": ("Refused", "localized"),
    "file_bytes": ("Size", "bytes"),
    "landed_at": ("Landed", "moment"),
}
REFUSED = {
    "file_name": ("File", None),
    "state": ("State", None),
    "reason": ("Reason", None),
    "detail": ("What was seen", None),
    "file_bytes": ("Size", "bytes"),
    "file_id": ("Id of the file", None),
}
QUARANTINED = {
    "file_name": ("File", None),
    "line_number": ("Line", "%d"),
    "reason": ("Reason", None),
    "line": ("Text", None),
    "source_format": ("Format", None),
}
UNMAPPED = {
    "source_channel": ("Channel", None),
    "source_unit": ("Unit", None),
    "source_format": ("Format", None),
    "files": ("Files", "%d"),
}
RUNS = {
    "started_at": ("Started", "moment"),
    "command": ("Command", None),
    "outcome": ("Outcome", None),
    "files_found": ("Files found", "%d"),
    "files_landed": ("Landed", "%d"),
    "files_refused": ("Refused", "%d"),
    "dbt_nodes": ("dbt steps", "%d"),
    "dbt_nodes_failed": ("Failed", "%d"),
    "dbt_nodes_warned": ("Warned", "%d"),
    "landing_s": ("Landing, s", "%.1f"),
    "dbt_s": ("dbt, s", "%.1f"),
    "run_s": ("Whole, s", "%.1f"),
    "error": ("Error", None),
}
FAILURES = {
    "node": ("Step", None),
    "resource_type": ("Kind", None),
    "status": ("Status", None),
    "failures": ("Rows found", "%d"),
    "message": ("Message", None),
    "command": ("Command", None),
    "started_at": ("Begun", "moment"),
}
VERDICTS = {True: "within", False: "OUT OF BOUNDS"}


def show() -> None:
    """Show the page."""
    head(
        "Data quality",
        "What arrived and what became of it: every file and line is used, superseded by a better one, or refused with "
        "a reason. Nothing is passed over in silence.",
    )
    states = data.query("data_quality/states")
    runs = data.query("data_quality/runs")
    if states.empty:
        nothing("No file was landed or refused yet. Begin with `simrace run PATH`.")
    else:
        _show_summary(states, runs)
        _show_states(states)
    _show_kpis()
    _show_refused()
    _show_unmapped()
    _show_runs(runs)


def _show_summary(states: pd.DataFrame, runs: pd.DataFrame) -> None:
    landed, last_run, tests = st.columns(3)
    landed.metric("Last file landed (UTC)", moment(states.last_landed_at.max()))
    if not runs.empty:
        last = runs.iloc[0]
        last_run.metric("Last run (UTC)", moment(last.started_at), last.outcome, delta_color="off", delta_arrow="off")
        if pd.notna(last.dbt_nodes):  # a run that trains or lands alone has none
            failed = 0 if pd.isna(last.dbt_nodes_failed) else last.dbt_nodes_failed
            told = (f"{last.dbt_nodes:.0f} steps", f"{failed:.0f} failed")
            tests.metric("dbt in it", *told, delta_color="off", delta_arrow="off")


def _show_states(states: pd.DataFrame) -> None:
    st.subheader("Files")
    made = figure(120 + 36 * len(states), "Files", "")
    made.add_bar(
        x=states.files, y=states.state, orientation="h", marker={"color": COLOURS[0]}, text=states.files,
        textposition="outside", cliponaxis=False, hovertemplate="%{y}: %{x} files<extra></extra>",
    )  # fmt: skip
    made.update_yaxes(autorange="reversed", type="category")
    show_figure(made, "states", "Number of files by what became of them.")
    files = data.query("data_quality/files")
    with st.expander("Files landed, newest first; up to 500"):
        if files.empty:
            nothing("Every file was refused; the reasons stand below.")
        else:
            table(files, FILES, "files")


def _show_kpis() -> None:
    st.subheader("Figures against their limits")
    kpis = data.query("data_quality/kpis")
    if kpis.empty:
        nothing("Nothing is measured yet: `simrace build` measures.")
        return
    shown = kpis.assign(
        kpi=kpis.kpi.str.replace("_", " "),
        limit=["" if pd.isna(row.limit_value) else f"{row.comparison} {row.limit_value:g}" for row in rows(kpis)],
        verdict=[VERDICTS.get(row.passes) or ("no data" if pd.isna(row.value) else "no limit") for row in rows(kpis)],
    )
    table(shown, KPIS, "kpis")


def _show_refused() -> None:
    st.subheader("Refused")
    refused = data.query("data_quality/refused")
    if refused.empty:
        nothing("No file is refused or withheld.")
    else:
        st.markdown("Files; `simrace replay` tries them again after a fix.")
        table(_in_words(refused), REFUSED, "refused")
    quarantined = data.query("data_quality/quarantined")
    if quarantined.empty:
        nothing("No line of a landed file is quarantined.")
    else:
        st.markdown("Lines of landed files that cannot be a sample or a result; up to 500.")
        table(_in_words(quarantined), QUARANTINED, "quarantined")


def _in_words(refused: pd.DataFrame) -> pd.DataFrame:
    return refused.assign(reason=refused.reason.str.replace("_", " "))


def _show_unmapped() -> None:
    st.subheader("Unmapped channels")
    unmapped = data.query("data_quality/unmapped")
    if unmapped.empty:
        nothing("Every channel of every file is mapped.")
        return
    st.markdown("Columns that no canonical channel is mapped to, and how many files wait; a row in "
                "`seeds/telemetry_channels.csv` maps one.")  # fmt: skip
    table(unmapped, UNMAPPED, "unmapped")


def _show_runs(runs: pd.DataFrame) -> None:
    st.subheader("Runs")
    if runs.empty:
        nothing("Nothing was run yet.")
    else:
        table(runs, RUNS, "runs")
    failures = data.query("data_quality/failures")
    if failures.empty:
        nothing("No step of dbt failed or warned when it ran last.")
    else:
        st.markdown("Steps of dbt that failed or warned when they ran last.")
        table(failures, FAILURES, "failures")
