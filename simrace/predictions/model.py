"""A model as JSON: its functions, what it may see, what calibrated it, how it did. Same data, same text."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from simrace.predictions import intervals, targets
from simrace.predictions.arithmetic import Numbers, chance, compute
from simrace.predictions.errors import PredictionError
from simrace.predictions.targets import FINISH, TARGETS, Target
from simrace.predictions.training_data import matrix

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1  # raised when the text of a model means something else
AGAIN = "Train again: simrace train"


@dataclass(frozen=True)
class Said:
    """What a model says of rows.

    Attributes:
        value: A number or a chance for each row.
        low: Lower end of its interval.
        high: Upper end.
    """

    value: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True)
class Model:
    """A fitted model.

    Attributes:
        target: Name of what it predicts.
        shape: Which function was chosen.
        features: Columns it sees, in order.
        words: Vocabulary of those that are words.
        functions: `point`, and for numbers `low` and `high`.
        calibration: `margins` for numbers; `slope`, `shift`, `bins` for chances.
        scores: Rows of marts.model_scores.
        verdict: Why it is not published; None for one that is.
        about: What it was made from and with, such as `data_hash`, `learned_until`, `seed`, `scikit_learn`.
    """

    target: str
    shape: str
    features: tuple[str, ...]
    words: dict[str, list[str]]
    functions: dict[str, Any]
    calibration: dict[str, Any]
    scores: list[dict[str, Any]]
    verdict: str | None
    about: dict[str, Any]
    format: int = field(default=FORMAT)

    def text(self) -> str:
        """All of it as JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    @property
    def model_id(self) -> str:
        """Of the text: the same data, seed and lock give the same."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def say(self, rows: "pd.DataFrame") -> Said:
        """What it says of rows.

        Args:
            rows: As `training_data` reads them, whole fields.

        Raises:
            PredictionError: a feature is missing, or the model is damaged.
        """
        if missing := [name for name in self.features if name not in rows]:
            raise PredictionError(
                f"The model of {self.target} sees {', '.join(missing)}, which the training data does not have. {AGAIN}"
            )
        target = TARGETS[self.target]
        features = matrix(rows, self.features, self.words)
        point = compute(self.functions["point"], features)
        if target.is_chance:
            value = chance(self.calibration["slope"] * point + self.calibration["shift"])
            return Said(value, *intervals.interval_of_chance(value, self.calibration["bins"]))
        low, high = (targets.in_unit(target, rows, compute(self.functions[end], features)) for end in ("low", "high"))
        lowest, highest = targets.bounds(target, rows)
        value = np.clip(targets.in_unit(target, rows, point), lowest, highest)
        newcomer = targets.is_newcomer(target, rows)
        low, high = intervals.widened(low, high, self.calibration["margins"], newcomer, lowest, highest)
        if target is FINISH:
            # nothing is learned from fewer than make an order
            small = targets.numbers(rows, "class_field_size") < targets.FEWEST_OF_A_FIELD
            low, high = np.where(small, lowest, low), np.where(small, highest, high)
            # the whole places between the ends, at least the nearest one
            low, high = np.minimum(np.ceil(low), np.round(value)), np.maximum(np.floor(high), np.round(value))
        return Said(value, np.minimum(low, value), np.maximum(high, value))

    def judged(self, rows: "pd.DataFrame") -> Numbers:
        """What is compared with the baselines: of finishes the order, as theirs is one."""
        said = self.say(rows).value
        return targets.places(rows, said) if self.target == FINISH.name else said


def read_model(text: str) -> Model:
    """A model of its text.

    Raises:
        PredictionError: it is damaged, or of another format.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise PredictionError(
                f"The model of {document['target']} is of format {document['format']}; this version of simrace reads "
                f"{FORMAT}. {AGAIN}"
            )
        return Model(**{**document, "features": tuple(document["features"])})
    except (KeyError, TypeError, ValueError) as error:
        raise PredictionError(f"A model in ops.models is damaged: {type(error).__name__}. {AGAIN}") from error


def target_of(model: Model) -> Target:
    """What it predicts.

    Raises:
        PredictionError: this version does not know that.
    """
    if model.target not in TARGETS:
        raise PredictionError(f"This version of simrace knows no models of {model.target}. {AGAIN}")
    return TARGETS[model.target]
