"""Fit functions with scikit-learn and take their numbers out; the one place that needs the extra `ml`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from simrace.predictions.arithmetic import Document, Numbers, compute
from simrace.predictions.errors import PredictionError

LEAVES = {"trees of 4 leaves": 4, "trees of 12 leaves": 12}
LINE = "line"
SHAPES = (LINE, *LEAVES)
# What a tree needs below it to say something that is not luck.
FEWEST_IN_LEAF = 30
ROUNDS, LEARNING_RATE = 150, 0.05
# Strengths that a line is drawn to the mean with; the fold that is left out chooses.
RIDGE = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
LOGISTIC_STRENGTH = 0.02
# Figures of a number that are kept, so that the last ones, which differ between processors, change no byte.
FIGURES = 10


def version() -> str:
    """The version of scikit-learn.

    Raises:
        PredictionError: it is not installed.
    """
    try:
        import sklearn
    except ImportError as error:
        raise PredictionError('Training needs scikit-learn: pip install "simrace[ml]"') from error
    return str(sklearn.__version__)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums of several threads end in other digits each time."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def fit_number(shape: str, features: Numbers, target: Numbers, seed: int) -> Document:
    """A function that says a number.

    Args:
        shape: One of SHAPES.
        features: A row for each row, a column for each feature; nan where a value is missing.
        target: The number for each row.
        seed: Of whatever is drawn.
    """
    if shape == LINE:
        return _fit_line(features, target, is_chance=False)
    return _fit_trees(features, target, seed, max_leaf_nodes=LEAVES[shape], loss="squared_error")


def fit_chance(shape: str, features: Numbers, happened: Numbers, seed: int) -> Document:
    """A function that says log odds; `happened` is 1 or 0 for each row."""
    if happened.min() == happened.max():
        odds = np.clip(happened.mean(), 0.5 / (len(happened) + 1), 1 - 0.5 / (len(happened) + 1))
        return {"kind": "trees", "start": _kept(np.log(odds / (1 - odds))), "trees": []}
    if shape == LINE:
        return _fit_line(features, happened, is_chance=True)
    return _fit_trees(features, happened, seed, max_leaf_nodes=LEAVES[shape])


def fit_quantile(share: float, features: Numbers, target: Numbers, seed: int) -> Document:
    """A function that says what the share of such rows stays below."""
    return _fit_trees(features, target, seed, max_leaf_nodes=4, loss="quantile", quantile=share)


def _fit_trees(features: Numbers, target: Numbers, seed: int, **options: Any) -> Document:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    # scikit-learn fails on a column without any value; nothing is parted by one that has a single value
    features = np.where(np.isnan(features).all(axis=0), 0, features)
    kind = HistGradientBoostingRegressor if "loss" in options else HistGradientBoostingClassifier
    model = kind(
        learning_rate=LEARNING_RATE,
        max_iter=ROUNDS,
        min_samples_leaf=min(FEWEST_IN_LEAF, max(2, len(target) // 10)),
        early_stopping=False,
        random_state=seed,
        **options,
    )
    with one_thread():
        model.fit(features, target)
    start = float(np.asarray(model._baseline_prediction).ravel()[0])
    document = {"kind": "trees", "start": _kept(start), "trees": [_tree(each[0].nodes) for each in model._predictors]}
    says = model.predict(features) if "loss" in options else model.decision_function(features)
    return _proven(document, features, says)


def _tree(nodes: Any) -> Document:
    """The nodes of a tree of scikit-learn, in its order; a leaf has itself below it."""
    itself = np.arange(len(nodes))
    is_leaf = nodes["is_leaf"].astype(bool)
    if nodes["is_categorical"].any():
        raise PredictionError("A tree asks for a category, which its numbers cannot say.")
    return {
        "feature": np.where(is_leaf, 0, nodes["feature_idx"]).tolist(),
        # a feature that only parts what is missing from what is not has an endless threshold, which JSON cannot write
        "threshold": [_kept(x, 17) for x in np.where(is_leaf, 0, np.clip(nodes["num_threshold"], -1e300, 1e300))],
        "missing_left": nodes["missing_go_to_left"].astype(int).tolist(),
        "left": np.where(is_leaf, itself, nodes["left"]).tolist(),
        "right": np.where(is_leaf, itself, nodes["right"]).tolist(),
        "value": [_kept(x) for x in np.where(is_leaf, nodes["value"], 0)],
    }


def _fit_line(features: Numbers, target: Numbers, is_chance: bool) -> Document:
    from sklearn.linear_model import LogisticRegression, RidgeCV

    is_missing = np.isnan(features)
    counts = (~is_missing).sum(axis=0)
    means = np.where(is_missing, 0, features).sum(axis=0) / np.maximum(counts, 1)
    spreads = np.sqrt(np.where(is_missing, 0, (features - means) ** 2).sum(axis=0) / np.maximum(counts, 1))
    scales = np.where(spreads > 1e-9 * np.maximum(np.abs(means), 1), spreads, 1)
    scaled = np.where(is_missing, 0, (features - means) / scales)
    model = LogisticRegression(C=LOGISTIC_STRENGTH, max_iter=2_000) if is_chance else RidgeCV(RIDGE)
    with one_thread():
        model.fit(np.hstack([scaled, is_missing]), target)
    weights = np.ravel(model.coef_)
    document = {
        "kind": LINE,
        "start": _kept(float(np.ravel(model.intercept_)[0])),
        "means": [_kept(x) for x in means],
        "scales": [_kept(x) for x in scales],
        "weights": [_kept(x) for x in weights[: len(means)]],
        "weights_of_missing": [_kept(x) for x in weights[len(means) :]],
    }
    return _proven(document, features, (model.decision_function if is_chance else model.predict)(
        np.hstack([scaled, is_missing])
    ))  # fmt: skip


def _proven(document: Document, features: Numbers, says: Any) -> Document:
    """The document, which says what scikit-learn says."""
    if not np.allclose(compute(document, features), says, rtol=1e-6, atol=1e-6):
        raise PredictionError(
            f"The numbers of a model do not say what scikit-learn {version()} says: take that of requirements.lock."
        )
    return document


def _kept(number: float, figures: int = FIGURES) -> float:
    return float(f"{float(number):.{figures}g}")
