"""`simrace train`, `models`, `predict`: what will happen, by models that beat their baselines."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from simrace.build.runs import recorded
from simrace.cli import summaries
from simrace.cli.terminal import begin, console, readable_errors, say, spinner
from simrace.database.connection import connection_parameters
from simrace.database.roles import become_reader
from simrace.lap_times import lap_time_text
from simrace.predictions.errors import PredictionError

if TYPE_CHECKING:  # commands import what they use, because numpy takes its time
    from simrace.predictions.forecast import Forecast
    from simrace.predictions.model import Model
    from simrace.predictions.ratings import RatingForecast
    from simrace.race_plan import Plan


def train(
    seed: Annotated[int, typer.Option(help="The same data and seed give the same models, to the byte.")] = 0,
) -> None:
    """Train models on the results and laps that were landed, and publish those that beat their baselines."""
    from simrace.predictions import store
    from simrace.predictions.backtest import predictions_of_the_test_span
    from simrace.predictions.lap_data import known_laps, read_laps
    from simrace.predictions.ratings import forecast_ratings, read_series
    from simrace.predictions.train import train as train_models
    from simrace.predictions.training_data import read_known

    with readable_errors():
        with closing(connection_parameters(say).connect()) as connection:
            become_reader(connection)
            known, laps, series = read_known(connection), read_laps(connection), read_series(connection)
        models: list[Model] = []
        refused: list[PredictionError] = []
        with spinner("training"):
            for data in (known, known_laps(laps)):
                try:
                    models += train_models(data, seed)
                except PredictionError as error:
                    refused.append(error)
            if not models:
                raise refused[0]
            forecasts = list(forecast_ratings(series))
    with begin("train") as work, closing(work.parameters.connect()) as connection, connection:
        backtest = (said for model in models for said in predictions_of_the_test_span(model, known))
        store.keep(connection, models, backtest, forecasts)
    _show_scores(models)
    for each in refused:
        say(str(each))
    _show_ratings(forecasts)


def _show_scores(models: "list[Model]") -> None:
    from simrace.predictions.card import practice_lines
    from simrace.predictions.targets import TARGETS

    table = Table(caption="Errors: mean absolute error; of chances the Brier score.")
    for column in ("target", "used", "span"):
        table.add_column(column, no_wrap=True)
    for column in ("model", "best baseline", "luck", "held", "rows"):
        table.add_column(column, justify="right", no_wrap=column != "best baseline")
    for model in models:
        for span in ("validation", "test"):
            scores = [each for each in model.scores if each["span"] == span]
            own = next((each for each in scores if each["scorer"] == "model"), None)
            if own is None:
                continue
            errors = {each["scorer"]: each for each in scores if each["measure"] == own["measure"]}
            del errors["model"]
            best = min(errors.values(), key=lambda each: float(each["value"]))
            luck = next(
                each["value"] for each in scores if (each["scorer"], each["measure"]) == (best["scorer"], "luck")
            )
            held = [
                each["value"] for each in scores if (each["scorer"], each["measure"]) == ("all drivers", "coverage")
            ]
            table.add_row(
                model.target, "yes" if model.verdict is None else "no", span, f"{own['value']:.4g}",
                f"{best['value']:.4g} ({best['scorer']})", f"{luck:.0%}", f"{held[0]:.0%}" if held else "",
                f"{own['rows']:,}",
            )  # fmt: skip
    console.print(table)
    for model in models:
        if model.verdict:
            say(f"The model of {model.target} is kept and not published: {model.verdict}.")
        for line in practice_lines(model, TARGETS[model.target].measure):
            say(line)


def _show_ratings(forecasts: "list[RatingForecast]") -> None:
    shown = {each.races_ahead: each for each in forecasts}
    if not shown:
        say("Ratings are not forecast: there are too few races with one.")
        return
    better = [each for each in shown.values() if each.expected_irating is not None]
    say(
        f"Ratings: the forecast beats the naive one for {len(better)} of {len(shown)} numbers of races ahead"
        + (f", and was nearer {min(each.better_share for each in better):.0%} of the time or more." if better else ".")
    )


def models(
    target: Annotated[
        str | None, typer.Argument(help="Show the card of its model; left out, list them.", show_default=False)
    ] = None,
) -> None:
    """List the models, or show the card of one: what it was made from, what it is worth, when not to believe it."""
    from simrace.predictions import store

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
    from simrace.predictions import store
    from simrace.predictions.entries import read_file
    from simrace.predictions.forecast import forecast_entries, forecast_race

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


def _show_forecast(made: "Forecast") -> None:
    from simrace.coverage import COVERAGE

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


def plan(
    layout: Annotated[str, typer.Argument(help="layout_id of marts.race_plan_basis.")],
    driver: Annotated[str, typer.Option(help="driver_id or name.")],
    car: Annotated[str, typer.Option(help="car_id or name; left out, the one most driven there.")] = "",
    laps: Annotated[int | None, typer.Option(help="Length in laps.", show_default=False)] = None,
    minutes: Annotated[float | None, typer.Option(help="Length in minutes.", show_default=False)] = None,
    tank: Annotated[float | None, typer.Option(help="Litres; else as the logs have it.", show_default=False)] = None,
    pit_loss: Annotated[
        float | None, typer.Option(min=0, help="Seconds that a stop costs; else as in the logs.", show_default=False)
    ] = None,
    fuel_per_lap: Annotated[
        float | None, typer.Option(help="Litres; else as in the logs, with their spread.", show_default=False)
    ] = None,
    air_temp: Annotated[float | None, typer.Option(help="Degrees C; else as usual.", show_default=False)] = None,
    track_temp: Annotated[float | None, typer.Option(help="Degrees C; else as usual.", show_default=False)] = None,
) -> None:
    """Plan fuel, stops, stints, pit windows and time of a race, from the driver's own laps."""
    from simrace.predictions.pace import pace_of
    from simrace.predictions.plan_basis import read_basis
    from simrace.race_plan import plan as make_plan

    with readable_errors():
        parameters = connection_parameters(say)
        with closing(parameters.connect()) as connection:
            become_reader(connection)
            basis = read_basis(connection, driver, layout, car)
        with closing(parameters.connect()) as connection:
            pace, why_not = pace_of(connection, basis.driver_id, basis.layout_id, basis.car_id, air_temp, track_temp)
            made = make_plan(basis, laps, minutes, tank, pit_loss, pace, fuel_per_lap)
    _show_plan(made)
    say(made.pace_told_by)
    if why_not:
        say(why_not)


def _show_plan(made: "Plan") -> None:
    told = [
        ("laps", f"{made.laps.value:.0f} ({made.laps.low:.0f} to {made.laps.high:.0f})"),
        ("fuel", f"{made.fuel_l.value:.1f} l ({made.fuel_l.low:.1f} to {made.fuel_l.high:.1f})"),
        ("longest stint", f"{made.most_stint_laps} laps"),
        ("stints", " + ".join(str(laps) for laps in made.stint_laps)),
        *(
            (f"stop {number}", f"after lap {stop.planned_lap} ({stop.earliest_lap} to {stop.latest_lap})")
            for number, stop in enumerate(made.stops, 1)
        ),
        ("time", " to ".join(lap_time_text(time) for time in (made.time_s.low, made.time_s.high))),
    ]
    for what, value in told:
        console.print(f"  {what:<15} {value}", markup=False, highlight=False)
    for note in made.notes:
        say(note)
