"""Train the models, choose their shape, calibrate and judge them: each on races of its own, in the order of time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simrace import __version__
from simrace.coverage import COVERAGE
from simrace.predictions import fitting, intervals, targets
from simrace.predictions.arithmetic import Numbers, chance, compute
from simrace.predictions.errors import PredictionError
from simrace.predictions.gate import FEWEST_DRAWN, lead
from simrace.predictions.model import Model
from simrace.predictions.project_vars import project_vars
from simrace.predictions.targets import TARGETS, Target
from simrace.predictions.training_data import LAPS, PRACTICE, Known, hash_of, matrix, vocabularies

if TYPE_CHECKING:
    import pandas as pd

# Share of the races to learn from that chooses the shape; the latest of them.
CHOOSES = 0.25
# Fewest rows to learn from and to be judged by.
FEWEST_TO_LEARN, FEWEST_TO_JUDGE = 60, 12
# Fewest rows with practice for it to be tried.
FEWEST_WITH_PRACTICE = 50


def train(known: Known, seed: int, on_target: Callable[[str], object] = lambda _: None) -> Iterator[Model]:
    """Train a model for each target that there are enough races, or sessions, of.

    Args:
        known: All training data of a kind.
        seed: Of whatever is drawn.
        on_target: Called with the name of each before it is trained.

    Raises:
        PredictionError: scikit-learn is missing, or there are too few races for any.
    """
    made_with = {"scikit_learn": fitting.version(), "simrace": __version__, "seed": seed}
    trained = 0
    for target in (target for target in TARGETS.values() if target.of == known.of):
        on_target(target.name)
        rows = known.rows[target.rows(known.rows)].reset_index(drop=True)
        parts = {name: rows[rows["split"] == name].reset_index(drop=True) for name in ("train", "validation", "test")}
        if len(parts["train"]) < FEWEST_TO_LEARN or len(parts["validation"]) < FEWEST_TO_JUDGE:
            continue
        trained += 1
        yield _train(target, known, parts, made_with)
    if not trained and known.of == LAPS:
        raise PredictionError(
            f"There are too few laps to learn from: {FEWEST_TO_LEARN} at pace are needed in the first sessions and "
            f"{FEWEST_TO_JUDGE} in later ones, each after another of the car on the layout; there are "
            f"{len(known.rows)} such laps in all. Land more sessions."
        )
    if not trained:
        raise PredictionError(
            f"There are too few races to learn from: {FEWEST_TO_LEARN} results of drivers are needed in the first "
            f"races and {FEWEST_TO_JUDGE} in later ones; marts.ml_training_data has {len(known.rows)} in all. "
            "Land more results."
        )


def _train(target: Target, known: Known, parts: dict[str, "pd.DataFrame"], made_with: dict[str, Any]) -> Model:
    seed = made_with["seed"]
    train_rows, validation, test = parts.values()
    words = vocabularies(replace(known, rows=train_rows))
    tried = _sets_of_features(known, train_rows)
    earlier, later = _parted(train_rows, known.whole)
    fit = fitting.fit_chance if target.is_chance else fitting.fit_number
    errors: dict[tuple[str, str], float] = {}
    for told, features in tried.items():
        for shape in fitting.SHAPES:
            document = fit(shape, matrix(earlier, features, words), targets.learned(target, earlier), seed)
            said = _judged(target, later, compute(document, matrix(later, features, words)))
            errors[told, shape] = float(target.errors(target.actual(later), said).mean())
    told, shape = min(errors, key=errors.__getitem__)
    points = {
        each: fit(
            min((of, which) for (name, which), of in errors.items() if name == each)[1],
            matrix(train_rows, names, words), targets.learned(target, train_rows), seed,
        )
        for each, names in tried.items()
    }  # fmt: skip
    features = tried[told]
    seen, learned = matrix(train_rows, features, words), targets.learned(target, train_rows)
    functions = {"point": points[told]}
    if not target.is_chance:
        functions["low"] = fitting.fit_quantile(intervals.TAIL, seen, learned, seed)
        functions["high"] = fitting.fit_quantile(1 - intervals.TAIL, seen, learned, seed)
    scores = [
        _score("choice", f"{shape}, {told}", target.measure, error, len(later))
        for (told, shape), error in errors.items()
    ]
    said = _judged(target, validation, compute(functions["point"], matrix(validation, features, words)))
    on_validation = _compared(target, "validation", train_rows, validation, said, known.whole, seed)
    scores += on_validation
    calibration = _calibrated(target, functions, validation, features, words)
    used = (*known.keys, *features, target.column)
    model = Model(
        target.name, f"{shape}, {told}", features, {name: words[name] for name in features if name in words}, functions,
        calibration, scores, _verdict(target, on_validation, validation[known.whole].nunique()),
        {
            "data_hash": hash_of(known.rows, tuple(dict.fromkeys(used))),
            "rows": len(train_rows),
            "drawn": int(train_rows[known.whole].nunique()),
            "confidence": project_vars()["prediction_confidence"],
            "learned_until": _latest(validation),
            "seen": _ends(seen, features),
            **made_with,
        },
    )  # fmt: skip
    if len(test):
        scores += _tested(target, model, train_rows, test, known.whole)
        scores += _with_and_without(target, tried, points, words, test, known.whole, seed)
    return model


def _ends(seen: Numbers, features: tuple[str, ...]) -> dict[str, list[float]]:
    """Least and greatest value of each feature that was learned from; beyond them a function says nothing."""
    return {
        name: [float(f"{end(column[~np.isnan(column)]):.9g}") for end in (np.min, np.max)]
        for name, column in zip(features, seen.T, strict=True)
        if not np.isnan(column).all()
    }


def _with_and_without(
    target: Target,
    tried: dict[str, tuple[str, ...]],
    points: dict[str, Any],
    words: dict[str, list[str]],
    test: "pd.DataFrame",
    whole: str,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """How much practice helps on the latest races: of all drivers, and of those who had practised."""
    if len(tried) < 2:
        return
    actual = target.actual(test)
    without, with_it = (
        target.errors(actual, _judged(target, test, compute(points[each], matrix(test, names, words))))
        for each, names in tried.items()
    )
    practised = targets.numbers(test, "pace_laps_before") > 0
    for who, rows in (("all drivers", np.full(len(test), True)), ("who practised", practised)):
        if not rows.any():
            continue
        ahead = lead(with_it[rows], without[rows], test.loc[rows, whole], seed)
        for measure, value in (
            (f"{target.measure}_without", without[rows].mean()), (f"{target.measure}_with", with_it[rows].mean()),
            ("lead", ahead.value), ("lead_low", ahead.low), ("lead_high", ahead.high), ("luck", ahead.luck),
        ):  # fmt: skip
            yield _score("practice", who, measure, float(value), int(rows.sum()))


def _sets_of_features(known: Known, rows: "pd.DataFrame") -> dict[str, tuple[str, ...]]:
    """What is tried: results alone, and with practice where enough drivers have logs of it; laps as they are."""
    if known.of == LAPS:
        return {"conditions": known.features}
    tried = {"results": tuple(name for name in known.features if name not in PRACTICE)}
    if (targets.numbers(rows, "pace_laps_before") > 0).sum() >= FEWEST_WITH_PRACTICE:
        tried["results and practice"] = known.features
    return tried


def _parted(rows: "pd.DataFrame", whole: str) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """The earlier races and the latest of them, none of which is in both."""
    starts = rows.groupby(whole)["feature_cutoff_at"].min().reset_index()
    races = starts.sort_values(["feature_cutoff_at", whole], na_position="first", kind="stable")[whole]
    late = set(races.iloc[int(len(races) * (1 - CHOOSES)) :])
    is_late = rows[whole].isin(late)
    if is_late.all() or not is_late.any():
        raise PredictionError(f"There are too few races to learn from: all rows are of one {whole}. Land more results.")
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
    target: Target, span: str, learned: "pd.DataFrame", asked: "pd.DataFrame", said: Numbers, whole: str, seed: int
) -> list[dict[str, Any]]:
    """The error of the model beside that of each baseline, and how much of the difference is luck."""
    actual = target.actual(asked)
    own = target.errors(actual, said)
    scores = [_score(span, "model", target.measure, float(own.mean()), len(asked))]
    for name, baseline in target.baselines.items():
        other = target.errors(actual, baseline(learned, asked, target))
        ahead = lead(own, other, asked[whole], seed)
        for measure, value in (
            (target.measure, float(other.mean())), ("lead", ahead.value), ("lead_low", ahead.low),
            ("lead_high", ahead.high), ("luck", ahead.luck),
        ):  # fmt: skip
            scores.append(_score(span, name, measure, value, len(asked)))
    return scores


def _verdict(target: Target, scores: list[dict[str, Any]], drawn: int) -> str | None:
    """Why the model is not published: what it does not beat, or not surely."""
    own = scores[0]
    allowed = 1 - project_vars()["prediction_confidence"]
    errors = {each["scorer"]: each["value"] for each in scores[1:] if each["measure"] == target.measure}
    luck = {each["scorer"]: each["value"] for each in scores[1:] if each["measure"] == "luck"}
    beaten_by_luck = [
        f"{name} {error:.4g} (luck {luck[name]:.0%})" for name, error in errors.items() if luck[name] > allowed
    ]
    if beaten_by_luck:
        return (
            f"not better on the validation span ({target.measure.replace('_', ' ')} {own['value']:.4g}) than "
            f"{', '.join(beaten_by_luck)}; luck may be {allowed:.0%}"
        )
    if drawn < FEWEST_DRAWN:
        what = "sessions" if target.of == LAPS else "races"
        return f"judged on {drawn} {what}: {FEWEST_DRAWN} are needed to tell a lead from luck"
    return None


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
    return {"margins": intervals.margins(low, high, actual, targets.is_newcomer(target, rows))}


def _tested(
    target: Target, model: Model, learned: "pd.DataFrame", test: "pd.DataFrame", whole: str
) -> list[dict[str, Any]]:
    """How it did on the latest races, which neither fitted nor calibrated it."""
    scores = _compared(target, "test", learned, test, model.judged(test), whole, model.about["seed"])
    said, actual = model.say(test), target.actual(test)
    if target.is_chance:
        for number, each in enumerate(intervals.bins_of(said.value, actual), 1):
            scores.append(_score("test", f"bin {number}", "mean_said", each["chance"], each["rows"]))
            scores.append(_score("test", f"bin {number}", "mean_that_came", each["share"], each["rows"]))
        return scores
    newcomer = targets.is_newcomer(target, test)
    holds = (said.low <= actual) & (actual <= said.high)
    for name, group in (("all drivers", np.full(len(test), True)), ("known", ~newcomer), ("newcomer", newcomer)):
        if group.any():
            scores.append(_score("test", name, "coverage", float(holds[group].mean()), int(group.sum())))
            width = float((said.high - said.low)[group].mean())
            scores.append(_score("test", name, "interval_width", width, int(group.sum())))
    scores.append(_score("test", "all drivers", "coverage_meant", COVERAGE, len(test)))
    for number, part in enumerate(intervals.fifths(said.value), 1):
        for measure, values in (("mean_said", said.value), ("mean_that_came", actual), ("coverage", holds)):
            scores.append(_score("test", f"bin {number}", measure, float(values[part].mean()), len(part)))
    return scores


def _score(span: str, scorer: str, measure: str, value: float, rows: int) -> dict[str, Any]:
    return {"span": span, "scorer": scorer, "measure": measure, "value": float(f"{value:.6g}"), "rows": rows}
