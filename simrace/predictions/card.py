"""A model's card: what it is, what it was made from, what it is worth, and when not to believe it."""

from typing import TYPE_CHECKING

from simrace.predictions.intervals import COVERAGE
from simrace.predictions.targets import TARGETS

if TYPE_CHECKING:
    from simrace.predictions.model import Model

SPANS = {"validation": "Validation (it was calibrated and decided on here)", "test": "Test (it never saw these)"}


def card(model: "Model") -> str:
    """The card as Markdown."""
    target, about = TARGETS[model.target], model.about
    lines = [
        f"# Model of {model.target}",
        "",
        f"Says: {target.unit}. Shape: {model.shape}.",
        f"Published: {'yes' if model.verdict is None else 'no, ' + model.verdict}.",
        "",
        f"* Learned from {about['rows']:,} results in {about['races']:,} races, and was calibrated on the next ones, "
        f"until {about['learned_until']}.",
        f"* Data {about['data_hash']}, seed {about['seed']}, scikit-learn {about['scikit_learn']}, "
        f"simrace {about['simrace']}.",
        f"* Sees {len(model.features)} columns that are known at the green flag: {', '.join(model.features)}.",
        f"* Its intervals are meant to hold {COVERAGE:.0%} of the time.",
        "",
    ]
    for span, title in SPANS.items():
        rows = [each for each in model.scores if each["span"] == span]
        if rows:
            lines += [f"## {title}", "", "| who | measure | value | results |", "|---|---|---:|---:|"]
            for each in rows:
                lines.append(f"| {each['scorer']} | {each['measure']} | {each['value']:.4g} | {each['rows']:,} |")
            lines.append("")
    lines += [
        "## When not to believe it",
        "",
        "* For another sim, another licence category or a series that is not among the races above.",
        "* For drivers without a rating or a race behind them: their interval says so by its width.",
        "* When `marts.prediction_scores` shows that its errors have grown since it was trained.",
        "",
    ]
    return "\n".join(lines)
