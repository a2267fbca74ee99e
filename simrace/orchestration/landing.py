"""Assets that land: one a source, and one of months an archive."""

from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg

from ingestion.outcomes import State, count_states
from ingestion.paths import expand
from ingestion.remote import is_remote, shown_address
from ingestion.sources import open_sources
from simrace.operations import commands
from simrace.orchestration.looking import named
from simrace.orchestration.settings import Plan, ScheduleError

CONTENT = dg.AssetKey(["raw", "files"])  # dbt's source: it is new when something new was landed
COMMAND = "schedule"


def landing_assets(plan: Plan) -> list[dg.AssetsDefinition]:
    """An asset for each source, in their order."""
    return [_source(name, path, plan) for name, path in named(plan.sources).items()]


def archive_assets(plan: Plan) -> list[dg.AssetsDefinition]:
    """An asset for each archive; its partitions are months."""
    return [_archive(name, path, plan) for name, path in named(plan.archives).items()]


def months(plan: Plan) -> dg.MonthlyPartitionsDefinition:
    """Months from the first that is asked for to this one, which is not over."""
    return dg.MonthlyPartitionsDefinition(start_date=f"{plan.since}-01", end_offset=1)


def patience(plan: Plan) -> dg.RetryPolicy:
    """What fails is tried three times more, after waits that double."""
    return dg.RetryPolicy(
        max_retries=3, delay=plan.retry_s, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    )


def _source(name: str, path: str, plan: Plan) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        key_prefix="landing",
        group_name="landing",
        description=f"What is landed of {shown_address(path)}.",
        retry_policy=patience(plan),
    )
    def land(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=_land(context, [path]))

    return land


def _archive(name: str, path: str, plan: Plan) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        key_prefix="archive",
        group_name="landing",
        description=f"What is landed of {shown_address(path)}, a month a partition.",
        partitions_def=months(plan),
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=patience(plan),
    )
    def land(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        places = [datetime.strptime(month, "%Y-%m-%d").strftime(path) for month in context.partition_keys]
        there = [
            each for each in places if is_remote(each) or Path(each).exists() or any(map(Path.exists, _files(each)))
        ]
        for place in places:
            if place not in there:
                context.log.info(f"There is nothing at {shown_address(place)}.")
        return dg.MaterializeResult(metadata=_land(context, there))

    return land


def _files(place: str) -> list[Path]:
    return [each for each in expand([place]) if isinstance(each, Path)]


def _land(context: dg.AssetExecutionContext, paths: list[str]) -> dict[str, int]:
    """Land what is new. Return how many files became what."""
    files = expand(paths)
    if missing := [each for each in files if isinstance(each, Path) and str(each) in paths and not each.exists()]:
        raise ScheduleError(f"{missing[0]} is not there. Mount it, or leave it out of `simrace schedule`.")
    if not files:
        return {str(state): 0 for state in State}
    with commands.begin(COMMAND, context.log.info, is_told=False) as work:
        outcomes = commands.land(work, lambda recall: open_sources(files, recall))
    for outcome in outcomes:
        if outcome.refusal:
            context.log.warning(f"{outcome.file_path} is refused: {outcome.refusal.reason}")
    states = count_states(outcomes)
    if states[State.LANDED]:
        context.log_event(dg.AssetMaterialization(CONTENT, metadata={"files": states[State.LANDED]}))
    return {str(state): states[state] for state in State}


def last_months(plan: Plan, now: datetime) -> list[str]:
    """The partitions of which files may still come: this month and the one before."""
    keys = months(plan).get_partition_keys(current_time=now)
    before = (now.replace(day=1) - timedelta(days=1)).strftime("%Y-%m-01")
    return [key for key in keys if key >= before]
