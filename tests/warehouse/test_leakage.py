"""No feature knows the future: another result, or none, changes no feature of that race or an earlier one."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from graphlib import TopologicalSorter

import pytest
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg2 import sql

from simrace.database.connection import connection_parameters
from simrace.generator import season
from simrace.predictions.train import train
from simrace.predictions.training_data import Known, read_known
from tests.conftest import AGAIN, ROOT, Warehouse

RACES = 48
TRIED = 20
ARGUMENTS = ("--project-dir", str(ROOT), "--profiles-dir", str(ROOT), "--log-level", "none", "--no-write-json")
ANY_CUTOFF = "1999-12-31 23:59:59+00"  # stands in the compiled SQL where the cutoff of a trial goes
SEED = 3
# A race takes at least 24 minutes: each begins while the one before it, or several, are under way.
BETWEEN_RACES = timedelta(minutes=20)

INPUTS = (
    "int_event_session_files",
    "int_event_sessions_united",
    "int_race_position_changes",
    "int_race_results_united",
)
BUILT = (
    "int_race_grids",
    "int_race_results_deduplicated",
    "int_event_sessions_deduplicated",
    "int_races_deduplicated",
    "int_races_as_of_cutoff",
    "int_race_results_as_of_cutoff",
    "int_race_entries_rated",
    "int_driver_races_ordered",
    "int_race_histories",
    "driver_race_form",
    "dim_event_sessions",
    "dim_races",
    "fct_race_results",
    "fct_race_fields",
    "track_difficulty",
    "ml_training_data",
)

# Everything that is known only after a race, reversed.
ALTERED = (
    """
    update ci_intermediate.int_race_results_united set
        finish_position = 100 - finish_position,
        finish_position_in_class = 100 - finish_position_in_class,
        laps = laps / 2,
        laps_led = laps_led + 1,
        race_time_ms = race_time_ms + 7000,
        interval_ms = interval_ms + 7000,
        laps_down = laps_down + 1,
        average_lap_ms = average_lap_ms + 7000,
        best_lap_ms = best_lap_ms + 70 * finish_position,
        best_lap_number = best_lap_number + 1,
        incidents = 3 * incidents + 5,
        points = points + 70,
        league_points = league_points + 70,
        irating_after = irating_after + 70 * finish_position,
        license_level_after = license_level_after + 1,
        safety_rating_after = 4.99 - safety_rating_after,
        out_reason = case out_reason when 'running' then 'disconnected' else 'running' end,
        file_class_strength_of_field = file_class_strength_of_field + 700
    where event_session_id = '{race_id}'
    """,
    """
    update ci_intermediate.int_event_sessions_united set
        file_strength_of_field = file_strength_of_field + 700,
        cautions = coalesce(cautions, 0) + 7,
        caution_laps = coalesce(caution_laps, 0) + 7,
        lead_changes = coalesce(lead_changes, 0) + 7,
        ended_at = ended_at + interval '7 minutes'
    where event_session_id = '{race_id}'
    """,
)


@dataclass(frozen=True)
class Trial:
    """The feature models in schemas beside those of the warehouse, as the target `ci` has them.

    They are built by their SQL alone, as a full refresh would: a run of dbt for each trial takes three seconds more.
    """

    query: Callable[[str], list[tuple[object, ...]]]
    build: Callable[[str | None], None]
    compared: dict[str, str]

    def restore(self) -> None:
        for table in INPUTS:
            self.query(f"truncate ci_intermediate.{table}")
            self.query(f"insert into ci_intermediate.{table} select * from intermediate.{table}")

    def changed(self, mart: str, where: str) -> list[tuple[object, ...]]:
        """Keys of rows that differ."""
        columns = self.compared[mart]
        one, other = (f"select {columns} from {schema}.{mart} where {where}" for schema in ("marts", "ci_marts"))
        return self.query(f"(({one}) except ({other})) union all (({other}) except ({one}))")


@pytest.fixture(scope="module")
def trial(built: Warehouse) -> Iterator[Trial]:
    other = built.other("leakage", is_copy=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(season, "BETWEEN_RACES", BETWEEN_RACES)
        season.write_season(other.folder / "season", RACES, SEED)
    other.run("simrace", "land", other.folder / "season")
    other.run("dbt", "build", "--select", "+ml_feature_dictionary", *AGAIN)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in other.environment.items():
            patch.setenv(name, value)
        parameters = connection_parameters()
        for name, value in parameters.environment().items():
            patch.setenv(name, value)
        connection = parameters.connect()
        connection.autocommit = True

        def query(statement: str) -> list[tuple[object, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

        # that of all databases: for the target `ci` dbt would parse anew
        manifest = dbtRunner().invoke(["parse", *ARGUMENTS]).result
        assert isinstance(manifest, Manifest)
        manifest.selectors = {}  # dbt cannot copy selectors
        for node in manifest.nodes.values():
            node.schema = f"ci_{node.schema}"
            if node.relation_name:
                node.relation_name = f'"{node.database}"."{node.schema}"."{node.alias}"'
        statements = {cutoff: _statements(manifest.deepcopy(), cutoff) for cutoff in (None, ANY_CUTOFF)}

        def build(cutoff: str | None) -> None:
            for statement in statements[cutoff and ANY_CUTOFF]:
                query(statement.replace(ANY_CUTOFF, cutoff or ""))

        query("create schema ci_intermediate; create schema ci_marts")
        query(PRACTICE)
        for table in INPUTS:
            query(f"create table ci_intermediate.{table} (like intermediate.{table})")
        features = query("select column_name from marts.ml_feature_dictionary where column_role in ('key', 'feature')")
        compared = {"ml_training_data": ", ".join(str(name) for (name,) in features)}
        yield Trial(query, build, compared | {"driver_race_form": "*", "track_difficulty": "*"})
        connection.close()


# Telemetry is not altered here: nobody has practised, and the mart of that name is as empty.
PRACTICE = """
    create table ci_marts.driver_pace_and_results (
        race_id text, driver_id text, sessions_before integer, pace_laps_before integer,
        lap_time_variation_ratio_before numeric, best_lap_before_s numeric
    )
"""


def _statements(manifest: Manifest, cutoff: str | None) -> list[str]:
    """What builds each model from nothing, in their order: the SQL that dbt makes of it."""
    variables = json.dumps({"results_cutoff": cutoff})
    arguments = ["compile", *ARGUMENTS, "--full-refresh", "--vars", variables, "--select", *BUILT]
    done = dbtRunner(manifest=manifest).invoke(arguments)
    assert done.success and isinstance(done.result, RunExecutionResult), done.exception
    nodes = {node.unique_id: node for node in (result.node for result in done.result) if node.resource_type == "model"}
    order = TopologicalSorter({name: nodes.keys() & {*node.depends_on_nodes} for name, node in nodes.items()})
    return [
        f"drop table if exists {node.relation_name}; create table {node.relation_name} as {node.compiled_code}; "
        f"analyze {node.relation_name}"
        for node in map(nodes.__getitem__, order.static_order())
    ]


def _tried_races(trial: Trial) -> list[tuple[str, str]]:
    races = trial.query(
        "select distinct race_id, cast(feature_cutoff_at as text) from marts.ml_training_data "
        "where feature_cutoff_at is not null order by 1"
    )
    assert len(races) > TRIED
    chosen = random.Random(SEED).sample(races, TRIED)  # noqa: S311
    return [(str(race_id), str(started_at)) for race_id, started_at in chosen]


def _changed_up_to(trial: Trial, started_at: str) -> dict[str, int]:
    where = f"feature_cutoff_at <= '{started_at}'"
    changed = {mart: len(trial.changed(mart, where)) for mart in trial.compared}
    return {mart: count for mart, count in changed.items() if count}


# Races whose form has changed, without a change of the hash that has `simrace run` make it anew.
UNTOLD = """
    select race_id from (
        (select * from marts.driver_race_form except select * from ci_marts.driver_race_form)
        union all
        (select * from ci_marts.driver_race_form except select * from marts.driver_race_form)
    ) as changed
    where race_id in (
        select race_id from (
            select race_id, input_hash from ci_intermediate.int_race_histories
            intersect select race_id, input_hash from intermediate.int_race_histories
        ) as untold
    )
"""


def test_an_altered_result_changes_no_feature_up_to_it(trial: Trial) -> None:
    leaks, untold, told_later = {}, {}, 0
    for race_id, started_at in _tried_races(trial):
        trial.restore()
        for statement in ALTERED:
            trial.query(statement.format(race_id=race_id))
        trial.build(None)
        if changed := _changed_up_to(trial, started_at):
            leaks[race_id] = changed
        told_later += bool(trial.changed("ml_training_data", f"feature_cutoff_at > '{started_at}'"))
        if stale := trial.query(UNTOLD):
            untold[race_id] = stale
    assert not leaks
    assert not untold
    assert told_later > TRIED / 2, "a result that tells no later race anything proves nothing"


def test_taking_away_the_future_changes_no_feature_up_to_it(trial: Trial) -> None:
    trial.restore()
    leaks, untold = {}, {}
    for race_id, started_at in _tried_races(trial):
        trial.build(started_at)
        if changed := _changed_up_to(trial, started_at):
            leaks[race_id] = changed
        if stale := trial.query(UNTOLD):
            untold[race_id] = stale
        left = trial.query(
            f"select max(feature_cutoff_at) = '{started_at}', "
            f"count(target_finish_position) filter (where race_id = '{race_id}') from ci_marts.ml_training_data"
        )
        assert left == [(True, 0)], "the future is still there"
    assert not leaks
    assert not untold


def test_a_prediction_knows_nothing_of_its_own_race(trial: Trial) -> None:
    """Another result changes no word of a model on that race; it does where a feature is known afterwards."""
    race_id, started_at = _tried_races(trial)[0]
    with closing(connection_parameters().connect()) as connection:
        known = _with_incidents(read_known(connection))
    leaky = next(train(replace(known, features=(*known.features, "leaked")), 0))
    honest = next(train(known, 0))
    trial.restore()
    for statement in ALTERED:
        trial.query(statement.format(race_id=race_id))
    trial.build(None)
    until = sql.SQL("feature_cutoff_at <= {}").format(sql.Literal(started_at))
    with closing(connection_parameters().connect()) as connection:
        before, after = (
            _with_incidents(read_known(connection, until, schema)).rows for schema in ("marts", "ci_marts")
        )
    assert list(before["driver_id"]) == list(after["driver_id"]) and race_id in set(before["race_id"])
    assert (honest.say(before).value == honest.say(after).value).all()
    changed = leaky.say(before).value != leaky.say(after).value
    assert set(before.loc[changed, "race_id"]) == {race_id}


def _with_incidents(known: Known) -> Known:
    """With what looks like a feature, and is known only after the race."""
    return replace(
        known, rows=known.rows.assign(leaked=known.rows["target_incidents"] - known.rows["target_finish_position"])
    )
