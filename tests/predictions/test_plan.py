"""A race plan beside one worked out by hand, and what cannot be planned."""

from dataclasses import replace

import pytest

from simrace.cli.predict import _show_plan
from simrace.race_plan import Basis, PlanError, Stop, plan
from tests.conftest import ROOT

BASIS = Basis("iracing:7001", "iracing:here", "iracing:8", 25, 100.0, 0.5, 25, 2.5, 0.1, 60.0, 4, 30.0)


def test_a_plan_is_what_one_works_out_by_hand() -> None:
    """docs/predictions.md goes through the same numbers.

    24 laps take 60 l on average, and 60.9 l on the safe side: 1.28 * 0.1 * sqrt(24 + 24 * 24 / 25) = 0.88. 23 laps take
    58.4 l. 50 laps are three stints, of 17, 17 and 16.
    """
    made = plan(BASIS, laps=50)
    assert made.most_stint_laps == 23
    assert made.stint_laps == [17, 17, 16]
    assert made.stops == [Stop(4, 17, 23), Stop(27, 34, 46)]
    assert (made.fuel_l.value, made.fuel_l.low, made.fuel_l.high) == pytest.approx((125, 123.4304, 126.5696), abs=1e-3)
    assert (made.time_s.value, made.time_s.low, made.time_s.high) == pytest.approx((5060, 5052.152, 5067.848), abs=1e-3)


def test_the_command_beside_it_is_as_the_document_shows(capsys: pytest.CaptureFixture[str]) -> None:
    _show_plan(plan(BASIS, laps=50))
    shown = capsys.readouterr().out.splitlines()
    document = [line.strip() for line in (ROOT / "docs" / "predictions.md").read_text("utf-8").splitlines()]
    assert len(shown) == 7 and {line.strip() for line in shown} <= {*document}


def test_a_race_by_the_clock_ends_with_the_lap_under_way() -> None:
    """After 43 laps and a stop 4,330 s are over, after 44 laps 4,430 s."""
    made = plan(BASIS, minutes=72.5)
    assert made.laps.value == 44 and made.laps.low <= 44 <= made.laps.high
    assert len(made.stops) == 1 and sum(made.stint_laps) == 44


@pytest.mark.parametrize("laps", [1, 2, 22, 23, 24, 46, 47, 69, 70, 500])
def test_every_window_leaves_stints_that_the_tank_holds(laps: int) -> None:
    made = plan(BASIS, laps=laps)
    assert sum(made.stint_laps) == laps and max(made.stint_laps) <= made.most_stint_laps
    assert len(made.stops) == len(made.stint_laps) - 1
    for number, stop in enumerate(made.stops, 1):
        assert 1 <= stop.earliest_lap <= stop.planned_lap <= stop.latest_lap < laps
        assert (
            laps - stop.earliest_lap <= (len(made.stops) + 1 - number) * made.most_stint_laps or stop.earliest_lap == 1
        )
        assert stop.latest_lap <= number * made.most_stint_laps


@pytest.mark.parametrize(
    ("basis", "asked", "said"),
    [
        (BASIS, {}, "laps or minutes"),
        (BASIS, {"laps": 5, "minutes": 5}, "one of the two"),
        (BASIS, {"laps": 0}, "1 to 5,000 laps"),
        (BASIS, {"minutes": float("nan")}, "up to 1,500 minutes"),
        (BASIS, {"laps": 5, "tank_l": 2.0}, "tank of 2 l holds no lap"),
        (replace(BASIS, fuel_capacity_l=None), {"laps": 5}, "--tank"),
    ],
)
def test_what_cannot_be_planned_is_refused(basis: Basis, asked: dict[str, float], said: str) -> None:
    with pytest.raises(PlanError, match=said):
        plan(basis, **asked)  # type: ignore[arg-type]


def test_a_stop_of_unknown_length_is_told() -> None:
    made = plan(replace(BASIS, pit_loss_s=None), laps=30)
    assert made.time_s.value == 3_000 and "--pit-loss" in made.notes[0]


def test_each_stint_begins_with_what_it_takes_on_the_safe_side() -> None:
    """17 laps take 42.5 l, and 1.28 * 0.1 * sqrt(17 + 17 * 17 / 25) = 0.68 l more."""
    made = plan(BASIS, laps=50)
    assert made.stint_fuel_l == pytest.approx([43.1849, 43.1849, 40.6565], abs=1e-3)
    assert max(made.stint_fuel_l) <= 60


def test_a_lap_whose_fuel_is_named_needs_no_log_that_tells_of_it() -> None:
    """60 l are 20 laps of 3 l to the drop, and no margin is known."""
    bare = replace(BASIS, fuel_laps=0, fuel_per_lap_l=None, fuel_deviation_l=None)
    made = plan(bare, laps=50, fuel_per_lap_l=3.0)
    assert (made.most_stint_laps, made.stint_laps) == (20, [17, 17, 16])
    assert (made.fuel_l.low, made.fuel_l.high) == (150, 150)
    assert "no margin" in made.notes[0]
    assert made.time_s == plan(BASIS, laps=50).time_s


@pytest.mark.parametrize(
    ("basis", "named", "said"),
    [
        (replace(BASIS, pace_laps=2), 3.0, "there are 2 and 25 of iracing:7001"),
        (replace(BASIS, fuel_laps=2), None, "--fuel-per-lap"),
        (BASIS, 0.0, "more than 0 l"),
    ],
)
def test_too_few_laps_make_no_plan(basis: Basis, named: float | None, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        plan(basis, laps=5, fuel_per_lap_l=named)
