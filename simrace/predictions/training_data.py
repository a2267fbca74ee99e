"""The training data as numbers: which columns a model may see, and how words become numbers."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.raw_tables import relation_exists
from simrace.predictions.arithmetic import Numbers
from simrace.predictions.errors import PredictionError

if TYPE_CHECKING:  # importing it takes half a second that `simrace --help` need not wait
    import pandas as pd

ENTRIES, LAPS = "entries", "laps"  # of races, and of sessions: what a row is
KEYS = ("subsession_id", "cust_id", "race_id", "driver_id", "feature_cutoff_at", "split")
FIELD = ["race_id", "car_class_id"]  # who is ordered against whom
# A word that fewer rows have is no word of its own.
FEWEST_OF_A_WORD = 20
# What trees cannot work out by themselves, because they do not divide: a place as a share of the class.
SHARES = {
    "start_share": "start_position_in_class",
    "rating_rank_share": "rank_by_irating",
    "expected_share": "expected_finish_in_class",
}
# Of marts.driver_pace_and_results: what the driver's own logs said of the layout before the race.
PRACTICE = ("sessions_before", "pace_laps_before", "lap_time_variation_ratio_before", "best_lap_before_gap")


@dataclass(frozen=True)
class Known:
    """What is known of drivers at the green flag, and of past races how they ended.

    Attributes:
        rows: Keys, features and targets, a row for each driver and race.
        features: Names of the columns that are known at the green flag, as marts.ml_feature_dictionary has them.
        words: Those of them that are words.
        of: What a row is: `entries` of races, or `laps`.
        keys: Columns that say which row it is.
        whole: The one of them whose rows hang together, and stand in one span.
    """

    rows: "pd.DataFrame"
    features: tuple[str, ...]
    words: tuple[str, ...]
    of: str = ENTRIES
    keys: tuple[str, ...] = KEYS
    whole: str = "race_id"


def read_known(connection: Connection, where: sql.Composable | None = None, schema: str = "marts") -> Known:
    """Read the training data.

    Args:
        connection: To a warehouse that has been built.
        where: Condition on marts.ml_training_data; None for all.
        schema: Where the table is: the marts, or pg_temp after its SQL has run beside them.

    Raises:
        PredictionError: it is not built.
    """
    with connection.cursor() as cursor:
        cursor.execute("set local timezone = 'UTC'; set local datestyle = 'ISO'")
        for name in ("ml_training_data", "ml_feature_dictionary", "driver_pace_and_results"):
            if not relation_exists(cursor, f"marts.{name}"):
                raise PredictionError(f"There is no marts.{name} yet: land files of races with `simrace run`.")
        cursor.execute(
            "select column_name, column_role, data_type from marts.ml_feature_dictionary order by column_number"
        )
        entries = cursor.fetchall()
        features = tuple(name for name, role, _ in entries if role == "feature")
        targets = [name for name, role, _ in entries if role == "target"]
        words = tuple(name for name, role, kind in entries if role == "feature" and kind == "text")
        rows = _read(cursor, [*KEYS, *features, *targets], words, where, schema)
    return Known(_with_ratios(rows), (*features, *SHARES, *PRACTICE), words)


def _with_ratios(rows: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    ratios = {share: (rows[place] - 0.5) / rows["class_field_size"] for share, place in SHARES.items()}
    # what the fastest who practised did is what a lap time means on a layout
    fastest = rows.groupby(FIELD, dropna=False)["best_lap_before_s"].transform("min")
    ratios["best_lap_before_gap"] = rows["best_lap_before_s"] / fastest - 1
    return pd.concat([rows, pd.DataFrame(ratios)], axis=1)


def _read(
    cursor: Cursor, columns: list[str], words: tuple[str, ...], where: sql.Composable | None, schema: str
) -> "pd.DataFrame":
    import pandas as pd

    query = sql.SQL(
        "copy (select {}, pace.sessions_before, pace.pace_laps_before, pace.lap_time_variation_ratio_before, "
        "pace.best_lap_before_s from {} as rows left join {} as pace "
        "on rows.race_id = pace.race_id and rows.driver_id = pace.driver_id {} order by rows.subsession_id, "
        "rows.cust_id) to stdout (format csv, header)"
    ).format(
        sql.SQL(", ").join(_plain(name) for name in columns),
        sql.Identifier(schema, "ml_training_data"),
        sql.Identifier(schema, "driver_pace_and_results"),
        sql.SQL("where {}").format(where) if where else sql.SQL(""),
    )
    stream = io.BytesIO()
    cursor.copy_expert(query, stream)
    stream.seek(0)
    texts = {*KEYS, *words}
    kinds = {name: "string" if name in texts else "float64" for name in (*columns, *PRACTICE[:3], "best_lap_before_s")}
    return pd.read_csv(stream, dtype=kinds, keep_default_na=False, na_values=[""])


def _plain(name: str) -> sql.Composable:
    """A column as text or number: booleans are 1 and 0."""
    column = sql.Identifier("rows", name)
    is_boolean = name.startswith("is_") or name == "target_did_not_finish"
    return sql.SQL("cast({} as integer) as {}").format(column, sql.Identifier(name)) if is_boolean else column


def vocabularies(known: Known) -> dict[str, list[str]]:
    """For each column of words, those that enough rows have, in order."""
    found = {}
    for name in known.words:
        counts = known.rows[name].value_counts()
        found[name] = sorted(str(word) for word in counts[counts >= FEWEST_OF_A_WORD].index)
    return found


def matrix(rows: "pd.DataFrame", features: tuple[str, ...], vocabulary: Mapping[str, list[str]]) -> Numbers:
    """The features as numbers, a column for each; nan where a value is missing or a word is not in the vocabulary.

    Raises:
        PredictionError: a feature is one that is known only after the race.
    """
    if told := [name for name in features if name.startswith("target_")]:
        raise PredictionError(f"{', '.join(told)} is known only after the race: it is no feature.")
    columns = []
    for name in features:
        if name in vocabulary:
            numbers = {word: float(number) for number, word in enumerate(vocabulary[name])}
            columns.append(rows[name].map(numbers).astype("float64").to_numpy(dtype=float, na_value=np.nan))
        else:
            columns.append(rows[name].astype("float64").to_numpy(dtype=float, na_value=np.nan))
    return np.column_stack(columns) if columns else np.empty((len(rows), 0))


def hash_of(rows: "pd.DataFrame", columns: tuple[str, ...]) -> str:
    """SHA-256 of the columns as a CSV: what a model was made from."""
    text = rows[list(columns)].to_csv(index=False, lineterminator="\n", float_format="%.9g")
    return hashlib.sha256(text.encode()).hexdigest()
