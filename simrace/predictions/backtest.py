"""What a model would have said of the latest races, which it never saw."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simrace.predictions.model import Model, target_of
from simrace.predictions.store import Prediction
from simrace.predictions.training_data import Known

if TYPE_CHECKING:
    import pandas as pd


def predictions_of_the_test_span(model: Model, known: Known) -> Iterator[Prediction]:
    """What a model says of the races of the test span; what it says of laps is of no race, and not kept."""
    if target_of(model).of != known.of:
        return iter(())
    rows = known.rows[known.rows["split"] == "test"]
    rows = rows[target_of(model).rows(rows)].reset_index(drop=True)
    return predictions_of(model, rows, "train")


def predictions_of(model: Model, rows: "pd.DataFrame", made_by: str) -> Iterator[Prediction]:
    """What a model says of races of the training data, row by row.

    Args:
        model: The model.
        rows: As `training_data` reads them, whole fields, with an index from 0.
        made_by: Command that asks.
    """
    if not len(rows):
        return
    said = model.say(rows)
    for at, row in enumerate(rows.itertuples()):
        cutoff = row.feature_cutoff_at
        yield Prediction(
            model.model_id, str(row.race_id), str(row.driver_id), str(row.race_id), str(row.driver_id),
            str(row.layout_id), str(row.license_category_id), str(cutoff) if isinstance(cutoff, str) else None,
            float(said.value[at]), float(said.low[at]), float(said.high[at]), made_by,
        )  # fmt: skip
