"""An expression of the reader: what it gives, what is refused, and where the fault is."""

import numpy as np
import pandas as pd
import pytest

from simrace.dashboard.lap_channels import add_own_channel, nameable, own_channel
from simrace.dashboard.laps import Lap
from simrace.dashboard.own_channel import MOST_CHARACTERS, ExpressionError, read

NAMES = ["speed_kph", "throttle_ratio", "Ride Height FL", "é"]
TRACE = pd.DataFrame({"distance_m": [0.0, 5.0, 10.0, 15.0], "lap_elapsed_s": [0.0, 0.1, 0.2, 0.4]})
VALUES = {
    "speed_kph": pd.Series([100.0, 110.0, 130.0, None]),
    "throttle_ratio": pd.Series([0, 0.5, 1, 1]),
    "Ride Height FL": pd.Series([-4, 4, 9, 16]),
}
NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("speed_kph / 2 - 10 * throttle_ratio", [50, 50, 55, NAN]),
        ("-(throttle_ratio + 1)", [-1, -1.5, -2, -2]),
        ("3", [3, 3, 3, 3]),
        ("2 + 3 * 4", [14] * 4),
        ("sqrt('Ride Height FL')", [NAN, 2, 3, 4]),
        ('abs("Ride Height FL")', [4, 4, 9, 16]),
        ("least(throttle_ratio, 0.75, 'Ride Height FL')", [-4, 0.5, 0.75, 0.75]),
        ("greatest(throttle_ratio, 0.75)", [0.75, 0.75, 1, 1]),
        ("greatest(speed_kph, 120)", [120, 120, 130, 120]),
        ("nullif(throttle_ratio, 1)", [0, 0.5, NAN, NAN]),
        ("1 / throttle_ratio", [NAN, 2, 1, 1]),
        ("1e999 * throttle_ratio", [NAN] * 4),
        ("per_metre('Ride Height FL')", [1.6, 1.3, 1.2, 1.4]),
        ("per_second(throttle_ratio)", [5, 5, 10 / 3, 0]),
        ("smooth(throttle_ratio, 15)", [0.25, 0.5, 2.5 / 3, 1]),
        ("smooth(throttle_ratio, 1)", [0, 0.5, 1, 1]),
    ],
)
def test_it_is_worked_out_as_written(text: str, expected: list[float]) -> None:
    found = read(text, NAMES).over(TRACE, VALUES)
    assert found == pytest.approx(np.array(expected), nan_ok=True)


@pytest.mark.parametrize(
    ("text", "character", "said"),
    [
        ("sped_kph", 1, "no channel `sped_kph`; near it is: speed_kph"),
        ("1 + 'é' * sped_kph", 11, "no channel `sped_kph`"),
        ("speed_kph ** 2", 11, "`**` is not known"),
        ("(speed_kph) % (2)", 13, "`%` is not known"),
        ("1 + foo(2)", 5, "there is no function `foo`; there are: abs"),
        ("abs", 1, "`abs` is a function"),
        ("abs(1, 2)", 1, "`abs` is of 1, not of 2"),
        ("least(1)", 1, "of 2 to 9"),
        ("smooth(speed_kph, speed_kph)", 19, "a number above 0"),
        ("smooth(speed_kph, True)", 19, "a number above 0"),
        ("smooth(speed_kph, -5)", 19, "a number above 0"),
        ("smooth(speed_kph, 1e999)", 19, "at most 10,000"),
        ("smooth(speed_kph, 10001)", 19, "at most 10,000"),
        ("speed_kph +", 12, "missing at the end"),
        ("(speed_kph", 1, "never closed"),
        ("speed_kph 3", 11, "invalid syntax"),
        ("__import__('os').system('true')", 1, "is not known"),
        ("speed_kph.__class__", 1, "`speed_kph.__class__` is not known"),
        ("().__class__", 1, "is not known"),
        ("(lambda: 1)()", 1, "is not known"),
        ("[x for x in speed_kph]", 1, "is not known"),
        ("1 if speed_kph else 2", 1, "is not known"),
        ("speed_kph < 2", 1, "is not known"),
        ("speed_kph and 1", 1, "is not known"),
        ("f'{speed_kph}'", 1, "is not known"),
        ("1j", 1, "is not known"),
        ("None", 1, "is not known"),
        ("b'speed_kph'", 1, "is not known"),
        ("abs(x=1)", 1, "is not known"),
        ("least(*speed_kph, 1)", 7, "is not known"),
        ("(x := 1)", 2, "is not known"),
        ("speed_kph\n+ 1", 10, "cannot be seen"),
        ("1\0", 2, "cannot be seen"),
        ("", 1, "missing at the end"),
        ("1 +" * MOST_CHARACTERS, MOST_CHARACTERS + 1, "at most 200 characters"),
        ("(" * 150, 150, "never closed"),
    ],
)
def test_what_is_not_listed_is_refused_with_its_place(text: str, character: int, said: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        read(text, NAMES)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"Character {character}: ")
    expression, *_, mark = refused.value.marked(text).split("\n")
    assert text.startswith(expression) and mark.index("^") == character - 1


def test_brackets_are_as_deep_as_the_text_is_long() -> None:
    deep = "(" * 90 + "speed_kph" + ")" * 90
    assert read(deep, NAMES).over(TRACE, VALUES)[0] == 100
    assert read("-" * 190 + "1", NAMES).over(TRACE, VALUES)[0] == 1


def test_a_lap_has_it_from_its_trace_and_its_deltas() -> None:
    trace = TRACE.assign(speed_kph=VALUES["speed_kph"])
    deltas = pd.DataFrame({"distance_m": [0.0, 5.0, 10.0], "delta_s": [0.0, 0.1, 0.2], "speed_delta_kph": 1.0})
    lap = Lap(0, "a lap", trace, deltas, pd.DataFrame(), pd.DataFrame())
    names = nameable([lap], ["log:Ride: FL:mm", "sample:rpm:", "log:rpm:1/min"])
    assert (names["Ride: FL"], names["rpm"], names["speed_kph"], names["delta_s"]) == (
        "log:Ride: FL:mm",
        "sample:rpm:",
        "",
        "",
    )
    own = read("speed_kph + 100 * delta_s", names)
    told = add_own_channel(lap, own, names).trace[own_channel(own).column]
    assert told.tolist()[:3] == [100.0, 120.0, 150.0]
    assert pd.isna(told[3])
    # an ideal lap is of no log: what its trace has not is not there
    assert add_own_channel(lap, read("rpm * 2", names), names).trace["own:rpm * 2"].isna().all()
    assert own_channel(read("1" * 60, names)).title.startswith("Own<br>1")
    assert own_channel(read("1" * 60, names)).unit == "1" * 13 + "…"
