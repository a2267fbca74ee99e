"""Train the models, choose their shape, calibrate and judge them: each on races of its own, in the order of time."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from simrace import __version__
from simrace.predictions import fitting, intervals, targets
from simrace.predictions.arithmetic import Numbers, chance, compute
from simrace.predictions.errors import PredictionError
from simrace.predictions.model import Model
from simrace.predictions.targets import TARGETS, Target
from simrace.predictions.training_data import KEYS, PRACTICE, Known, hash_of, matrix, vocabularies

if TYPE_CHECKING:
    import pandas as pd

# Share of the races to learn from that chooses the shape; the latest of them.
CHOOSES = 0.25
# Fewest rows to learn from and to be judged by.
FEWEST_TO_LEARN, FEWEST_TO_JUDGE = 60, 12
# Fewest rows with practice for it to be tried.
FEWEST_WITH_PRACTICE = 50


def train(known: Known, seed: int, on_target: Callable[[str], object] = lambda _: None) -> Iterator[Model]:
    """Train a model for each target that there are enough races of.

    Args:
        known: All training data.
        seed: Of whatever is drawn.
        on_target: Called with the name of each before it is trained.

    Raises:
        PredictionError: scikit-learn is missing, or there are too few races for any.
    """
    made_with = {"scikit_learn": fitting.version(), "simrace": __version__, "seed": seed}
    trained = 0
    for target in TARGETS.values():
        on_target(target.name)
        rows = known.rows[target.rows(known.rows)].reset_index(drop=True)
        parts = {name: rows[rows["split"] == name].reset_index(drop=True) for name in ("train", "validation", "test")}
        if len(parts["train"]) < FEWEST_TO_LEARN or len(parts["validation"]) < FEWEST_TO_JUDGE:
            continue
        trained += 1
        yield _train(target, known, parts, made_with)
    if not trained:
        raise PredictionError(
            f"There are too few races to learn from: {FEWEST_TO_LEARN} results of drivers are needed in the first "
            f"races and {FEWEST_TO_JUDGE} in later ones; marts.ml_training_data has {len(known.rows)} in all. "
            "Land more results."
        )


def _train(target: Target, known: Known, parts: dict[str, "pd.DataFrame"], made_with: dict[str, Any]) -> Model:
    seed = made_with["seed"]
    train_rows, validation, test = parts.values()
    words = vocabularies(Known(train_rows, known.features, known.words))
    tried = _sets_of_features(known.features, train_rows)
    earlier, later = _parted(train_rows)
    fit = fitting.fit_chance if target.is_chance else fitting.fit_number
    errors: dict[tuple[str, str], float] = {}
    for told, features in tried.items():
        for shape in fitting.SHAPES:
            document = fit(shape, matrix(earlier, features, words), targets.learned(target, earlier), seed)
            said = _judged(target, later, compute(document, matrix(later, features, words)))
            errors[told, shape] = target.error(target.actual(later), said)
    told, shape = min(errors, key=errors.__getitem__)
    features = tried[told]
    seen, learned = matrix(train_rows, features, words), targets.learned(target, train_rows)
    functions = {"point": fit(shape, seen, learned, seed)}
    if not target.is_chance:
        functions["low"] = fitting.fit_quantile(intervals.TAIL, seen, learned, seed)
        functions["high"] = fitting.fit_quantile(1 - intervals.TAIL, seen, learned, seed)
    scores = [
        _score("choice", f"{shape}, {told}", target.measure, error, len(later))
        for (told, shape), error in errors.items()
    ]
    said = _judged(target, validation, compute(functions["point"], matrix(validation, features, words)))
    on_validation = _compared(target, "validation", train_rows, validation, said)
    scores += on_validation
    calibration = _calibrated(target, functions, validation, features, words)
    used = (*KEYS, *features, *_of_target(target, known.rows))
    model = Model(
        target.name, f"{shape}, {told}", features, {name: words[name] for name in features if name in words}, functions,
        calibration, scores, _verdict(target, on_validation),
        {
            "data_hash": hash_of(known.rows, tuple(dict.fromkeys(used))),
            "rows": len(train_rows),
            "races": int(train_rows["race_id"].nunique()),
            "learned_until": _latest(validation),
            **made_with,
        },
    )  # fmt: skip
    if len(test):
        scores += _tested(target, model, train_rows, test)
    return model


def _sets_of_features(features: tuple[str, ...], rows: "pd.DataFrame") -> dict[str, tuple[str, ...]]:
    """What is tried: results alone, and with practice where enough drivers have logs of it."""
    results = tuple(name for name in features if name not in PRACTICE)
    tried = {"results": results}
    if (targets.numbers(rows, "pace_laps_before") > 0).sum() >= FEWEST_WITH_PRACTICE:
        tried["results and practice"] = features
    return tried


def _parted(rows: "pd.DataFrame") -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """The earlier races and the latest of them, none of which is in both."""
    starts = rows.groupby("race_id")["feature_cutoff_at"].min().reset_index()
    races = starts.sort_values(["feature_cutoff_at", "race_id"], na_position="first", kind="stable")["race_id"]
    late = set(races.iloc[int(len(races) * (1 - CHOOSES)) :])
    is_late = rows["race_id"].isin(late)
    if is_late.all() or not is_late.any():
        raise PredictionError("There are too few races to learn from: all rows are of one race. Land more results.")
    return rows[~is_late].reset_index(drop=True), rows[is_late].reset_index(drop=True)


def _latest(rows: "pd.DataFrame") -> str | None:
    """The last green flag; None where all are undated."""
    dated = rows["feature_cutoff_at"].dropna()
    return str(dated.max()) if len(dated) else None


def _judged(target: Target, rows: "pd.DataFrame", point: Numbers) -> Numbers:
    """What is compared, before anything was calibrated on these rows."""
    if target is targets.FINISH:
        return targets.places(rows, point)
    return chance(point) if target.is_chance else point


def _compared(
    target: Target, span: str, learned: "pd.DataFrame", asked: "pd.DataFrame", said: Numbers
) -> list[dict[str, Any]]:
    """The error of the model beside that of each baseline."""
    actual = target.actual(asked)
    scores = [_score(span, "model", target.measure, target.error(actual, said), len(asked))]
    for name, baseline in target.baselines.items():
        scores.append(
            _score(span, name, target.measure, target.error(actual, baseline(learned, asked, target)), len(asked))
        )
    return scores


def _verdict(target: Target, scores: list[dict[str, Any]]) -> str | None:
    own, *others = scores
    better = [f"{each['scorer']} {each['value']:.4g}" for each in others if each["value"] <= own["value"]]
    if not better:
        return None
    return f"not better on the validation span ({target.measure} {own['value']:.4g}) than {', '.join(better)}"


def _calibrated(
    target: Target,
    functions: dict[str, Any],
    rows: "pd.DataFrame",
    features: tuple[str, ...],
    words: dict[str, list[str]],
) -> dict[str, Any]:
    seen = matrix(rows, features, words)
    actual = target.actual(rows)
    if target.is_chance:
        log_odds = compute(functions["point"], seen)
        slope, shift = intervals.logistic_scale(log_odds, actual)
        return {"slope": slope, "shift": shift, "bins": intervals.bins_of(chance(slope * log_odds + shift), actual)}
    low, high = (targets.in_unit(target, rows, compute(functions[end], seen)) for end in ("low", "high"))
    return {"margins": intervals.margins(low, high, actual, targets.is_newcomer(rows))}


def _tested(target: Target, model: Model, learned: "pd.DataFrame", test: "pd.DataFrame") -> list[dict[str, Any]]:
    """How it did on the latest races, which neither fitted nor calibrated it."""
    scores = _compared(target, "test", learned, test, model.judged(test))
    said, actual = model.say(test), target.actual(test)
    if target.is_chance:
        for number, each in enumerate(intervals.bins_of(said.value, actual), 1):
            scores.append(_score("test", f"bin {number}", "mean_chance", each["chance"], each["rows"]))
            scores.append(_score("test", f"bin {number}", "share_that_came", each["share"], each["rows"]))
        return scores
    newcomer = targets.is_newcomer(test)
    holds = (said.low <= actual) & (actual <= said.high)
    for name, group in (("all drivers", np.full(len(test), True)), ("known", ~newcomer), ("newcomer", newcomer)):
        if group.any():
            scores.append(_score("test", name, "coverage", float(holds[group].mean()), int(group.sum())))
            width = float((said.high - said.low)[group].mean())
            scores.append(_score("test", name, "interval_width", width, int(group.sum())))
    return scores


def _score(span: str, scorer: str, measure: str, value: float, rows: int) -> dict[str, Any]:
    return {"span": span, "scorer": scorer, "measure": measure, "value": float(f"{value:.6g}"), "rows": rows}


def _of_target(target: Target, rows: "pd.DataFrame") -> list[str]:
    column = {
        "finish": "target_finish_position_in_class",
        "podium": "target_finish_position_in_class",
        "did_not_finish": "target_did_not_finish",
        "irating_change": "target_irating_change",
    }[target.name]
    return [column]
