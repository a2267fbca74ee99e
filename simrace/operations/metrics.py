"""The state of the warehouse for Prometheus, which asks for it or finds it in a file of its node exporter."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client import CollectorRegistry, generate_latest, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from simrace.operations.status import LiveSource, Status

__all__ = ["CONTENT_TYPE", "metrics_text", "write_metrics"]

_FRESHNESS = {"pass": 0, "warn": 1, "error": 2}


class _StatusCollector(Collector):
    def __init__(self, status: Status) -> None:
        self.status = status

    def collect(self) -> Iterator[Metric]:
        status = self.status
        yield _counter("simrace_files", "Contents landed, by format.", "format", status.files)
        yield _counter("simrace_files_refused", "Contents refused, by reason.", "reason", status.refused)
        yield _counter("simrace_lines", "Data lines of all files, by what became of them.", "state", status.lines)
        yield _counter("simrace_runs", "Runs that ended, by outcome.", "outcome", status.runs)
        yield _gauge("simrace_files_bytes", "Size of what is landed, unpacked.", status.file_bytes)
        yield _gauges("simrace_schema_size_bytes", "Size on disk, by schema.", "schema", status.schema_bytes)
        yield _gauge("simrace_database_size_bytes", "Size of the database on disk.", status.database_bytes)
        yield _gauge("simrace_working_files_bytes", "Size of simrace's own files.", status.working_bytes)
        yield _moment("simrace_last_landing_timestamp_seconds", "When content was landed last.", status.last_landed_at)
        yield _moment("simrace_last_success_timestamp_seconds", "When a run last ended well.", status.last_success_at)
        if status.freshness:
            yield _gauge(
                "simrace_source_freshness_status",
                "Freshness of the source: 0 pass, 1 warn, 2 error.",
                _FRESHNESS[status.freshness.status],
            )
        if run := status.run:
            yield _moment("simrace_last_run_timestamp_seconds", "When the last run ended.", run.ended_at)
            yield _gauge("simrace_last_run_success", "Whether the last run ended well.", run.outcome == "succeeded")
            yield _gauge("simrace_last_run_landing_seconds", "Time of landing in the last run.", run.landing_s)
            yield _gauge("simrace_last_run_dbt_seconds", "Time of dbt in the last run.", run.dbt_s)
        if dbt := status.dbt:
            yield _gauges("simrace_dbt_nodes", "Nodes of the last dbt build, by status.", "status", dbt.nodes)
            yield _gauge(
                "simrace_dbt_nodes_failed",
                "Nodes of the last dbt build that failed, tests among them.",
                len(dbt.failed),
            )
        kpis = [kpi for kpi in status.kpis if kpi.value is not None]
        yield _gauges("simrace_kpi_value", "Quality figures.", "kpi", {kpi.kpi: kpi.value or 0.0 for kpi in kpis})
        yield _gauges(
            "simrace_kpi_passes",
            "Whether a quality figure is within its limit.",
            "kpi",
            {kpi.kpi: kpi.passes for kpi in kpis if kpi.passes is not None},
        )
        lateness = next((kpi.value for kpi in kpis if kpi.kpi == "lateness_p95_s"), None)
        if lateness is not None:
            yield _gauge("simrace_lateness_seconds", "From opening to loaded, last load, 95th percentile.", lateness)
        yield from _live(status.live)


def _live(sources: list[LiveSource]) -> Iterator[Metric]:
    text = "Live frames, by what became of them."
    frames = CounterMetricFamily("simrace_live_frames", text, labels=["source", "state"])
    refused = CounterMetricFamily("simrace_live_quarantined", "Live frames refused.", labels=["source", "reason"])
    for each in sources:
        for state, count in each.frames.items():
            frames.add_metric([each.source, state], count)
        for reason, count in each.quarantined.items():
            refused.add_metric([each.source, reason], count)
    yield frames
    yield refused
    commits = {each.source: each.commits for each in sources}
    yield _counter("simrace_live_commits", "Transactions that wrote live frames.", "source", commits)
    figures: dict[str, tuple[str, dict[str, float | None]]] = {
        "simrace_live_lag_seconds": (
            "From arrival to commit, the longest of the newest batch.",
            {each.source: each.lag_s for each in sources},
        ),
        "simrace_live_lag_frames": (
            "Frames that waited at the broker.",
            {each.source: each.lag_frames for each in sources},
        ),
        "simrace_live_commit_seconds": (
            "Time of the newest transaction.",
            {each.source: each.commit_s for each in sources},
        ),
        "simrace_live_last_commit_timestamp_seconds": (
            "When live frames were written last.",
            {each.source: each.committed_at.timestamp() for each in sources},
        ),
    }
    for name, (text, values) in figures.items():
        yield _gauges(name, text, "source", {key: value for key, value in values.items() if value is not None})


def metrics_text(status: Status) -> str:
    """All metrics in Prometheus' text format."""
    return generate_latest(_registry(status)).decode()


def write_metrics(status: Status, file: Path) -> None:
    """Write all metrics to a file, as a whole or not at all. For the collector its name must end in .prom.

    Raises:
        OSError: it cannot be written.
    """
    write_to_textfile(str(file), _registry(status))


def _registry(status: Status) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_StatusCollector(status))
    return registry


def _counter(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _moment(name: str, text: str, moment: datetime | None) -> Metric:
    return GaugeMetricFamily(name, text, value=moment.timestamp() if moment else None)
