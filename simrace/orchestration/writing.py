"""Exports and reports as assets."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.remote import is_remote
from ingestion.settings import home_directory
from simrace.database.connection import connection_parameters
from simrace.database.roles import become_reader
from simrace.export.elsewhere import place_of
from simrace.export.months import DATED, export_months
from simrace.operations.metrics import write_metrics
from simrace.operations.status import read_status
from simrace.operations.webhook import notify
from simrace.orchestration.building import Project
from simrace.orchestration.landing import months, patience
from simrace.orchestration.settings import Plan, ScheduleError
from simrace.report.command import LAST_RACE, write_race, write_report


def export_assets(plan: Plan, project: Project) -> tuple[list[dg.AssetsDefinition], list[dg.AssetsDefinition]]:
    """An asset for each mart that is exported: those that are written whole, and those of months."""
    whole: list[dg.AssetsDefinition] = []
    by_month: list[dg.AssetsDefinition] = []
    for name in plan.exports:
        if (mart := project.mart(name)) is None:
            raise ScheduleError(f"There is no mart {name}: `simrace export list` names them.")
        is_dated = not DATED.keys().isdisjoint(mart["columns"])
        (by_month if is_dated else whole).append(_export(name, mart["unique_id"], is_dated, plan, project))
    return whole, by_month


def report_assets(plan: Plan, project: Project) -> list[dg.AssetsDefinition]:
    """What is written after each build."""

    def of_session(connection: Connection, file: Path) -> str | None:
        return write_report(connection, "last", None, file)

    def of_race(connection: Connection, file: Path) -> None:
        write_race(connection, LAST_RACE, file)

    return [
        _report("last_session", "session", "fct_laps", of_session, plan, project),
        _report("last_race", "race", "fct_race_results", of_race, plan, project),
    ]


def _report(
    name: str,
    what: str,
    mart: str,
    write: Callable[[Connection, Path], str | None],
    plan: Plan,
    project: Project,
) -> dg.AssetsDefinition:
    """A report of what was driven last, which says what it had to leave out; nothing while the mart is empty."""
    if (found := project.mart(mart)) is None:
        raise ScheduleError(f"The project has no mart {mart}. Take models/ of this version of simrace.")

    @dg.asset(
        name=name,
        key_prefix="reports",
        group_name="reports",
        description=f"The report of the last {what}, as one page.",
        deps=[project.keys[found["unique_id"]]],
        retry_policy=patience(plan),
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        place = _place(plan, f"reports/{name}.html")
        with _warehouse(context) as connection:
            with connection, connection.cursor() as cursor:
                cursor.execute(f"select exists (select from marts.{mart})")
                has_rows = bool((cursor.fetchone() or [False])[0])
            if not has_rows:
                context.log.info(f"There is no {what} yet.")
                return dg.MaterializeResult()
            with place_of(place) as file:
                nothing = write(connection, file)
        return dg.MaterializeResult(metadata={"place": place, **({"without": nothing} if nothing else {})})

    return report


def state_asset(plan: Plan) -> dg.AssetsDefinition:
    """The warehouse's state, once a day: metrics in a file, problems to the webhook."""

    @dg.asset(
        name="state",
        key_prefix="reports",
        group_name="reports",
        description="Metrics for Prometheus; problems that `simrace status` shows go to the webhook.",
        retry_policy=patience(plan),
    )
    def state(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        place = _place(plan, "reports/simrace.prom")
        with _warehouse(context) as connection:
            found = read_status(connection, home_directory())
        with place_of(place) as file:
            write_metrics(found, file)
        if answer := notify(str(connection_parameters(context.log.info)), found.problems):
            context.log.info(answer)
        return dg.MaterializeResult(metadata={"place": place, "problems": len(found.problems)})

    return state


def _export(name: str, node: str, is_dated: bool, plan: Plan, project: Project) -> dg.AssetsDefinition:
    @dg.asset(
        name=name,
        key_prefix="exports",
        group_name="exports",
        description=f"The mart {name} as Parquet{', a file a month' if is_dated else ''}.",
        deps=[project.keys[node]],
        partitions_def=months(plan) if is_dated else None,
        retry_policy=patience(plan),
    )
    def export(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        place = f"{plan.output.rstrip('/')}/exports"
        wanted = [context.partition_key[:7]] if is_dated else []
        with _warehouse(context) as connection:
            become_reader(connection)
            written = list(export_months(connection, place, [name], wanted))
        return dg.MaterializeResult(metadata={"place": place, "rows": sum(each.rows for each in written)})

    return export


def _place(plan: Plan, name: str) -> str:
    """Where a file goes; its folder is made."""
    place = f"{plan.output.rstrip('/')}/{name}"
    if not is_remote(place):
        Path(place).parent.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def _warehouse(context: dg.AssetExecutionContext) -> Iterator[Connection]:
    with closing(connection_parameters(context.log.info).connect()) as connection:
        yield connection
