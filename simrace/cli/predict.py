"""`simrace train`, `models`, `predict`: what will happen, by models that beat their baselines."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from simrace.build.runs import recorded
from simrace.cli import summaries
from simrace.cli.terminal import begin, console, readable_errors, say, spinner
from simrace.database.connection import connection_parameters
from simrace.database.roles import become_reader
from simrace.predictions import store
from simrace.predictions.backtest import predictions_of_the_test_span
from simrace.predictions.entries import read_file
from simrace.predictions.errors import PredictionError
from simrace.predictions.forecast import Forecast, forecast_entries, forecast_race
from simrace.predictions.intervals import COVERAGE
from simrace.predictions.model import Model
from simrace.predictions.train import train as train_models
from simrace.predictions.training_data import read_known


def train(
    seed: Annotated[int, typer.Option(help="The same data and seed give the same models, to the byte.")] = 0,
) -> None:
    """Train models on the results that were landed, and publish those that beat their baselines."""
    with readable_errors():
        with closing(connection_parameters(say).connect()) as connection:
            become_reader(connection)
            known = read_known(connection)
        with spinner("training"):
            models = list(train_models(known, seed))
    with begin("train") as work, closing(work.parameters.connect()) as connection, connection:
        store.keep(
            connection, models, (each for model in models for each in predictions_of_the_test_span(model, known))
        )
    _show_scores(models)


def _show_scores(models: list[Model]) -> None:
    table = Table("target", "published", "measure", "span")
    for column in ("model", "best baseline", "intervals held", "results"):
        table.add_column(column, justify="right")
    for model in models:
        for span in ("validation", "test"):
            scores = [each for each in model.scores if each["span"] == span]
            own = next((each for each in scores if each["scorer"] == "model"), None)
            if own is None:
                continue
            errors = {each["scorer"]: each for each in scores if each["measure"] == own["measure"]}
            del errors["model"]
            best = min(errors.values(), key=lambda each: float(each["value"]))
            held = [
                each["value"] for each in scores if (each["scorer"], each["measure"]) == ("all drivers", "coverage")
            ]
            table.add_row(
                model.target, "yes" if model.verdict is None else "no", own["measure"].replace("_", " "), span,
                f"{own['value']:.4g}", f"{best['value']:.4g} ({best['scorer']})", f"{held[0]:.0%}" if held else "",
                f"{own['rows']:,}",
            )  # fmt: skip
    console.print(table)
    for model in models:
        if model.verdict:
            say(f"The model of {model.target} is kept and not published: {model.verdict}.")


def models(
    target: Annotated[
        str | None, typer.Argument(help="Show the card of its model; left out, list them.", show_default=False)
    ] = None,
) -> None:
    """List the models, or show the card of one: what it was made from, what it is worth, when not to believe it."""
    with readable_errors(), closing(connection_parameters(say).connect()) as connection:
        stored = store.list_models(connection)
        if target:
            found = next((each.card for each in stored if each.target == target), None)
            if found is None:
                there = ", ".join(each.target for each in stored) or "none"
                raise PredictionError(f"There is no model of {target!r}; there are: {there}.")
            typer.echo(found, nl=False)
            return
    table = Table("target", "trained (UTC)", "published", "model")
    for each in stored:
        verdict = "yes" if each.verdict is None else f"no, {each.verdict}"
        table.add_row(each.target, f"{each.trained_at:%Y-%m-%d %H:%M}", summaries.shown(verdict), each.model_id[:12])
    console.print(table)


def predict(
    race: Annotated[
        str, typer.Argument(metavar="[RACE]", help="race_id or subsession_id of marts.ml_training_data.")
    ] = "",
    entries: Annotated[
        Path | None, typer.Option(help="CSV or JSON of who races where, of a race to come.", show_default=False)
    ] = None,
) -> None:
    """Say how a race ends, by what is known at its green flag; each number with an interval."""
    with readable_errors():
        if bool(race) == bool(entries):
            raise PredictionError("Name a race, or a file with --entries: one of the two.")
        asked = read_file(entries) if entries else None
    with readable_errors(), recorded("predict") as run:
        run.parameters = parameters = connection_parameters(say)
        if asked:
            with spinner("looking up"):
                made = forecast_entries(parameters, asked, "predict")
        else:
            with closing(parameters.connect()) as connection:
                made = forecast_race(connection, race, "predict")
        store.keep_forecast(parameters, made.predictions)
    _show_forecast(made)


# For each target: title of its column, and how an interval of it is written.
_COLUMNS = {
    "finish": ("finish", "{0.value:.1f} ({0.low:.0f} to {0.high:.0f})"),
    "podium": ("podium", "{0.value:.0%} ({0.low:.0%} to {0.high:.0%})"),
    "did_not_finish": ("out", "{0.value:.0%} ({0.low:.0%} to {0.high:.0%})"),
    "irating_change": ("iRating", "{0.value:+.0f} ({0.low:+.0f} to {0.high:+.0f})"),
}


def _show_forecast(made: Forecast) -> None:
    said = [name for name in _COLUMNS if any(name in entry.said for entry in made.entries)]
    table = Table("place", "driver", *(_COLUMNS[name][0] for name in said))
    car_class = made.entries[0].car_class_id if made.entries else None
    for entry in made.entries:
        if entry.car_class_id != car_class:
            table.add_section()
            car_class = entry.car_class_id
        cells = [_COLUMNS[name][1].format(entry.said[name]) for name in said]
        table.add_row("" if entry.place is None else str(entry.place), summaries.shown(entry.name), *cells)
    console.print(table)
    for name, held in made.coverage.items():
        what = _COLUMNS[name][0]
        say(f"Intervals of {what} held {held:.0%} of the time on the latest races; they are meant to {COVERAGE:.0%}.")
    for note in made.notes:
        say(note)
