"""A model's card: what it is, what it was made from, what it is worth, and when not to believe it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simrace.coverage import COVERAGE
from simrace.predictions.gate import DRAWS
from simrace.predictions.targets import TARGETS
from simrace.predictions.training_data import ENTRIES, LAPS

if TYPE_CHECKING:
    from simrace.predictions.model import Model

SPANS = {"validation": "Validation (it was calibrated and decided on here)", "test": "Test (it never saw these)"}
WHOLES = {ENTRIES: ("results", "races", "at the green flag"), LAPS: ("laps", "sessions", "when a lap begins")}


def card(model: "Model") -> str:
    """The card as Markdown."""
    target, about = TARGETS[model.target], model.about
    rows_are, drawn_are, known_at = WHOLES[target.of]
    lines = [
        f"# Model of {model.target}",
        "",
        f"Says: {target.unit}. Shape: {model.shape}.",
        f"Published: {'yes' if model.verdict is None else 'no, ' + model.verdict}.",
        "",
        f"* Learned from {about['rows']:,} {rows_are} in {about['drawn']:,} {drawn_are}, and was calibrated on the "
        f"next ones, until {about['learned_until']}.",
        f"* Data {about['data_hash']}, seed {about['seed']}, scikit-learn {about['scikit_learn']}, "
        f"simrace {about['simrace']}.",
        f"* Sees {len(model.features)} columns that are known {known_at}: {', '.join(model.features)}.",
        f"* Its intervals are meant to hold {COVERAGE:.0%} of the time.",
        f"* It is published where it is ahead of each baseline in {about['confidence']:.0%} of {DRAWS:,} draws of the "
        f"validation {drawn_are}, with replacement: luck is the share in which it is not.",
        "",
    ]
    for span, title in SPANS.items():
        scores = [each for each in model.scores if each["span"] == span]
        if scores:
            lines += [f"## {title}", "", *_leads(scores, target.measure, rows_are), *_others(scores, target.measure)]
    lines += [*_practice(model, target.measure)]
    lines += [
        "## When not to believe it",
        "",
        "* For another sim, another licence category, a series or a car that is not among the above.",
        "* For drivers without a rating, a race or a lap behind them: their interval says so by its width.",
        "* When `marts.prediction_scores` shows that its errors have grown since it was trained.",
        "",
    ]
    return "\n".join(lines)


def _leads(scores: list[dict[str, Any]], measure: str, rows_are: str) -> Iterator[str]:
    """The model and each baseline: how wrong, by how much the model is ahead, and how likely that is luck."""
    of = {(each["scorer"], each["measure"]): each["value"] for each in scores}
    yield f"| who | {measure} | the model is ahead by | luck | {rows_are} |"
    yield "|---|---:|---:|---:|---:|"
    for each in scores:
        if each["measure"] != measure:
            continue
        low, lead, high, luck = (of.get((each["scorer"], name)) for name in ("lead_low", "lead", "lead_high", "luck"))
        ahead = "" if lead is None else f"{lead:.4g} ({low:.4g} to {high:.4g})"
        yield (
            f"| {each['scorer']} | {each['value']:.4g} | {ahead} | {'' if luck is None else f'{luck:.0%}'} "
            f"| {each['rows']:,} |"
        )
    yield ""


def _others(scores: list[dict[str, Any]], measure: str) -> Iterator[str]:
    """Whether intervals and chances hold."""
    told = [each for each in scores if each["measure"] not in (measure, "lead", "lead_low", "lead_high", "luck")]
    if told:
        yield from ("| of | measure | value | rows |", "|---|---|---:|---:|")
        for each in told:
            yield f"| {each['scorer']} | {each['measure']} | {each['value']:.4g} | {each['rows']:,} |"
        yield ""


def _practice(model: "Model", measure: str) -> Iterator[str]:
    """What practice is worth, where it was tried."""
    for line in practice_lines(model, measure):
        yield f"* {line}"
    if any(each["span"] == "practice" for each in model.scores):
        yield ""


def practice_lines(model: "Model", measure: str) -> Iterator[str]:
    """Sentences on the errors with practice and without it on the latest races; none where it was not tried."""
    scores = [each for each in model.scores if each["span"] == "practice"]
    for who in dict.fromkeys(each["scorer"] for each in scores):
        of = {each["measure"]: each for each in scores if each["scorer"] == who}
        rows = of["lead"]["rows"]
        yield (
            f"Practice, {model.target}, test races, {who} ({rows:,}): {measure.replace('_', ' ')} "
            f"{of[f'{measure}_with']['value']:.4g} with it, {of[f'{measure}_without']['value']:.4g} without; ahead by "
            f"{of['lead']['value']:.2g} ({of['lead_low']['value']:.2g} to {of['lead_high']['value']:.2g}), "
            f"luck {of['luck']['value']:.0%}."
        )
