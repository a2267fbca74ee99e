"""An expression of a math channel is read as arithmetic and nothing else."""

import math
import random
import re
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
import yaml

from tests.conftest import ROOT

MACROS = ROOT / "macros" / "telemetry" / "math_channels.sql"
BOUND = re.compile(r"nullif\(nullif\(greatest\(least\((.*), 1e12\), -1e12\), -1e12\), 1e12\)")


class _Returned(BaseException):
    """What dbt's `return` gives."""


class _WrongError(Exception):
    """What stops dbt."""


def _raise(kind: type[BaseException]) -> Any:
    def stop(value: object) -> None:
        raise kind(value)

    return stop


@pytest.fixture(scope="module")
def macros() -> Any:
    """The macros as dbt has them, without a database."""
    channels = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["telemetry_channels"]
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701 - it makes SQL
    environment.globals |= {
        "modules": SimpleNamespace(re=re),
        "var": {"telemetry_channels": channels}.__getitem__,
        "exceptions": SimpleNamespace(raise_compiler_error=_raise(_WrongError)),
        "return": _raise(_Returned),
        "type_double": lambda: "double precision",
    }
    return environment.from_string(MACROS.read_text(encoding="utf-8")).module


def sql(macros: Any, expression: str, channel: str = "mine") -> str:
    try:
        macros.math_expression({"channel": channel, "expression": expression}, "samples")
    except _Returned as returned:
        found = BOUND.fullmatch(str(returned))
        assert found
        return found[1]
    raise AssertionError("nothing was returned")


def expression(rng: random.Random, depth: int) -> str:
    """Arithmetic that Python reads as well."""
    kind = rng.random() if depth else 0

    def one() -> str:
        return expression(rng, depth - 1)

    if kind < 0.25:
        return rng.choice([str(rng.randint(0, 9)), f"{rng.randint(0, 9)}.{rng.randint(0, 99)}"])
    if kind < 0.4:
        return f"({one()})"
    if kind < 0.5:
        return f"-{one()}"
    if kind < 0.6:
        return f"abs({one()})"
    if kind < 0.7:
        return f"{rng.choice(['least', 'greatest'])}({one()}, {one()}, {one()})"
    return f"{one()} {rng.choice('+-*/')} {one()}"


def test_it_means_what_arithmetic_means(macros: Any) -> None:
    """Order of operators, brackets and signs: each as Python works it out."""
    rng, compared = random.Random(7), 0  # noqa: S311 - no secret
    functions: dict[str, Any] = {
        "abs": abs,
        "least": min,
        "greatest": max,
        "nullif": lambda a, b: math.nan if a == b else a,
    }
    for _ in range(2_000):
        text = expression(rng, rng.randint(1, 4))
        if len(text) > 500:
            continue
        read = re.sub(r"cast\(([0-9.]+) as double precision\)", r"\1", sql(macros, text))
        try:
            expected = eval(text, {}, functions)  # noqa: S307 - it was made here
        except ZeroDivisionError:
            continue
        assert eval(read, {}, functions) == pytest.approx(expected, rel=1e-9, abs=1e-9), (text, read)  # noqa: S307
        compared += 1
    assert compared > 1_000


def test_channels_are_columns_of_the_samples(macros: Any) -> None:
    assert sql(macros, "speed_kph") == "cast(samples.speed_kph as double precision)"
    assert sql(macros, " abs_active") == "cast(cast(samples.abs_active as integer) as double precision)"
    assert sql(macros, "1/elapsed_s") == (
        "(cast(1 as double precision) / nullif(cast(samples.elapsed_s as double precision) + 0, 0))"
    )


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("lat_gg", "there is no channel lat_gg"),
        ("pg_sleep(9)", "there is no channel pg_sleep"),
        ("LAT_G", "there is no channel LAT_G"),
        ("1; drop table marts.fct_laps", "; is none of"),
        ("lat_g -- all", "there is no channel all"),
        ("lat_g::text", ":: is none of"),
        ("'a'", "' is none of"),
        ('"lat_g"', '" is none of'),
        ("{{ lat_g }}", "{{ is none of"),
        ("samples.lat_g", "there is no channel samples|. is none of"),
        ("<0>", "< is none of"),
        ("1e5", "there is no channel e5"),
        ("sqrt(1, 2)", "sqrt takes 1"),
        ("nullif(1)", "nullif takes 2"),
        ("least(1)", "least takes 2 values or more"),
        ("", "not complete|empty"),
        ("lat_g +", "not complete"),
        ("+ lat_g", "not complete"),
        ("(lat_g", "not complete"),
        ("lat_g)", "not complete"),
        ("()", "not complete"),
        ("sqrt()", "not complete"),
        ("sqrt 2", "not complete"),
        ("2 3", "not complete"),
        ("1, 2", "not complete"),
        ("abs", "not complete"),
        ("1 + " * 200 + "1", "more than 500"),
    ],
)
def test_whatever_else_is_told_with_its_row(macros: Any, wrong: str, why: str) -> None:
    with pytest.raises(_WrongError, match=rf"seeds/math_channels[.]csv, channel mine.*({why}).*row"):
        sql(macros, wrong)


@pytest.mark.parametrize("name", ["", "lat_g", "elapsed_s", "Mine", "mine'", "1st", "m" * 51, "a b"])
def test_a_name_is_one_that_no_channel_has(macros: Any, name: str) -> None:
    with pytest.raises(_WrongError, match=r"seeds/math_channels[.]csv"):
        sql(macros, "lat_g", name)
