"""Trees and lines as numbers in JSON, computed with numpy: what comes out of the database is never run."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simrace.predictions.errors import PredictionError

Numbers = NDArray[np.float64]
Document = dict[str, Any]


def compute(document: Document, features: Numbers) -> Numbers:
    """What a fitted function says of each row.

    Args:
        document: From `simrace.predictions.fitting`.
        features: A row for each row, a column for each feature; nan where a value is missing.

    Returns:
        A number for each row: of a chance its log odds.

    Raises:
        PredictionError: the document is not understood.
    """
    kinds = {"trees": _trees, "line": _line}
    try:
        return kinds[document["kind"]](document, features)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise PredictionError(f"The model is damaged: {type(error).__name__}. Train again: simrace train") from error


def chance(log_odds: Numbers) -> Numbers:
    """Log odds as chances from 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))


def _trees(document: Mapping[str, Any], features: Numbers) -> Numbers:
    """The sum of trees. A node sends a row left where its feature is at most the threshold; a leaf names itself."""
    total = np.full(len(features), float(document["start"]))
    rows = np.arange(len(features))
    for tree in document["trees"]:
        feature, left, right = (np.asarray(tree[part], dtype=np.intp) for part in ("feature", "left", "right"))
        threshold = np.asarray(tree["threshold"], dtype=float)
        missing_left = np.asarray(tree["missing_left"], dtype=bool)
        value = np.asarray(tree["value"], dtype=float)
        at = np.zeros(len(features), dtype=np.intp)
        for _ in range(len(value)):  # no path is longer than the tree has nodes
            x = features[rows, feature[at]]
            goes_left = np.where(np.isnan(x), missing_left[at], x <= threshold[at])
            below = np.where(goes_left, left[at], right[at])
            if (below == at).all():
                break
            at = below
        total += value[at]
    return total


def _line(document: Mapping[str, Any], features: Numbers) -> Numbers:
    """A weighted sum of the features and of which of them are missing; what is missing has the mean."""
    means, scales, weights, of_missing = (
        np.asarray(document[part], dtype=float) for part in ("means", "scales", "weights", "weights_of_missing")
    )
    is_missing = np.isnan(features)
    scaled = np.where(is_missing, 0, (features - means) / scales)
    return np.asarray(document["start"] + scaled @ weights + is_missing @ of_missing, dtype=float)
