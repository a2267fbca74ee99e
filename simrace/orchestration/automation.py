"""Jobs, and what starts them: schedules, a sensor for new files, what follows an archive, alerts."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from ingestion.remote import is_remote
from ingestion.settings import home_directory
from simrace.build import last_build
from simrace.build.project import project_directory
from simrace.database.connection import connection_parameters
from simrace.operations.commands import say_in_log
from simrace.operations.status import Problem
from simrace.operations.webhook import notify
from simrace.orchestration.landing import last_months
from simrace.orchestration.looking import look
from simrace.orchestration.settings import Plan

ARRIVALS, ARCHIVE, EXPORTS, STATE = "arrivals", "archive", "exports", "state"
RUNS_KEPT_DAYS = 7  # of arrivals, 1 to 4 MB each; Dagster itself keeps every run for ever
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
ON = {"default_status": dg.DefaultScheduleStatus.RUNNING}
SENSOR_ON = {"default_status": dg.DefaultSensorStatus.RUNNING}


def make_jobs(
    arrivals: list[Any], archives: list[Any], by_month: list[Any], state: Any, build: dg.AssetsDefinition
) -> dict[str, Any]:
    """What can be run, by name: land, build and report; months of archives; months of exports; the state."""
    selected = {ARRIVALS: [*arrivals, build], ARCHIVE: archives, EXPORTS: by_month, STATE: [state]}
    selections = {name: dg.AssetSelection.assets(*assets) for name, assets in selected.items() if assets}
    selections[ARRIVALS] |= dg.AssetSelection.checks(*build.check_keys)  # or those of sources would be left out
    return {name: dg.define_asset_job(name, selection=each) for name, each in selections.items()}


def make_schedules(plan: Plan, jobs: dict[str, Any]) -> list[dg.ScheduleDefinition]:
    """Every quarter of an hour what came, addresses too; every day months that may still change, and the state."""

    @dg.schedule(job=jobs[ARRIVALS], cron_schedule="*/15 * * * *", name="every_quarter_of_an_hour", **ON)
    def arrivals(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        waiting = dg.RunsFilter(job_name=ARRIVALS, statuses=_UNFINISHED)
        if context.instance.get_runs_count(waiting):
            return dg.SkipReason("One is at work or waits.")
        # of what failed the sensor tells no more, though a file may not be landed
        last = context.instance.get_runs(dg.RunsFilter(job_name=ARRIVALS), limit=1)
        has_failed = bool(last) and last[0].status != dg.DagsterRunStatus.SUCCESS
        if not (has_failed or any(map(is_remote, plan.sources)) or _is_due()):
            return dg.SkipReason("Nothing is due, and of files the sensor knows.")
        return dg.RunRequest()

    @dg.schedule(job=jobs[STATE], cron_schedule="0 6 * * *", name="daily_state", **ON)
    def state(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        forget_runs(context.instance)
        return dg.RunRequest()

    made = [arrivals, state]
    for name, cron in ((ARCHIVE, "0 4 * * *"), (EXPORTS, "0 5 * * *")):
        if name in jobs:
            made.append(_daily_months(plan, jobs[name], name, cron))
    return made


def _daily_months(plan: Plan, job: Any, name: str, cron: str) -> dg.ScheduleDefinition:
    @dg.schedule(job=job, cron_schedule=cron, name=f"daily_{name}", **ON)
    def daily(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
        now = context.scheduled_execution_time
        return [
            dg.RunRequest(run_key=f"{name} {key} {now:%Y-%m-%d}", partition_key=key) for key in last_months(plan, now)
        ]

    return daily


def make_sensors(plan: Plan, jobs: dict[str, Any]) -> list[dg.SensorDefinition]:
    """New files in folders, a build after months of an archive, alerts."""
    own = [str(home_directory() / name) for name in ("seeds", "formats")]  # of which each may change every table
    folders = [*(each for each in plan.sources if not is_remote(each)), *own]

    @dg.sensor(job=jobs[ARRIVALS], minimum_interval_seconds=plan.look_s, name="new_files", **SENSOR_ON)
    def new_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor, found = look(folders, context.cursor)
        if not found:
            return dg.SensorResult(skip_reason="No file is new and at rest.", cursor=cursor)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=found)], cursor=cursor)

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        request_job=jobs[ARRIVALS],
        minimum_interval_seconds=plan.look_s,
        name="after_archive",
        **SENSOR_ON,
    )
    def after_archive(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        keys = run.asset_selection or set()
        if not (run.job_name == ARCHIVE or (keys and all(key.path[0] == "archive" for key in keys))):
            return dg.SkipReason("It landed no month of an archive.")
        return dg.RunRequest(run_key=f"after {run.tags.get('dagster/backfill') or run.run_id}")

    @dg.run_failure_sensor(minimum_interval_seconds=plan.look_s, name="alerts", **SENSOR_ON)
    def alerts(context: dg.RunFailureSensorContext) -> None:
        failed = [(each.step_key, each.step_failure_data.error) for each in context.get_step_failure_events()]
        messages = [f"{step}: {_said(error)}" for step, error in failed if error] or [
            context.failure_event.message or ""
        ]
        name = f"Dagster, {context.dagster_run.job_name}"
        problem = Problem("run_failed", name, "\n".join(messages)[:2_000])
        if answer := notify(_warehouse(), [problem], context.dagster_run.run_id):
            context.log.info(answer)

    sensors = [alerts, new_files]
    if ARCHIVE in jobs:
        sensors.append(after_archive)
    return sensors


def forget_runs(instance: dg.DagsterInstance) -> None:
    """Delete old runs of arrivals; those of months stay, because a month counts as landed by its run."""
    before = datetime.now(UTC) - timedelta(days=RUNS_KEPT_DAYS)
    for record in instance.get_run_records(dg.RunsFilter(job_name=ARRIVALS, created_before=before), limit=5_000):
        instance.delete_run(record.dagster_run.run_id)


def _is_due() -> bool:
    with closing(connection_parameters(say_in_log).connect()) as connection:
        return not last_build.due(connection, project_directory()).is_current


def _said(error: Any) -> str:
    """The message of an error and of what caused it, without where in the code."""
    causes = [error]
    while causes[-1].cause:
        causes.append(causes[-1].cause)
    return str(causes[-1].message).strip()


def _warehouse() -> str:
    try:
        return str(connection_parameters(say_in_log))
    except Exception as error:  # of which the alert may be
        return f"a warehouse that does not answer ({type(error).__name__})"
