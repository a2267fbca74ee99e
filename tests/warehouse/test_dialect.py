"""The macros of macros/dialect mean the same on every engine, and so does each trap that engines set.

A case is an expression and what it is, in SQL of both. PostgreSQL is asked always; Sail where the slow tests run.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from simrace.build.environment import PackagesError
from simrace.lake.engine import dbt_of
from simrace.lake.settings import SAIL, Lake
from tests.conftest import ROOT, SHARED, Warehouse
from tests.warehouse.test_engines import CACHE_VARIABLE


class Case(NamedTuple):
    """What is asked.

    Attributes:
        expression: SQL with macros.
        expected: SQL of the value.
        rows: What it is asked of.
    """

    expression: str
    expected: str
    rows: str = "(select 1 as one) as rows"


def double(text: str) -> str:
    return f"cast('{text}' as {{{{ type_double() }}}})"


def of(text: str, kind: str = "{{ type_double() }}") -> str:
    """One row with this value as x."""
    return f"(select cast('{text}' as {kind}) as x) as rows"


def words(*texts: str) -> str:
    quoted = ", ".join(f"\"'{text}'\"" for text in texts)
    return f"{{{{ array_of([{quoted}]) }}}}"


NUMBERS = {
    **{text: text for text in ("1", "+5.", ".5", "-0", "00001", "1E5", "2.5e-3", "0e99", "7.1e-46", "3.4028235e38")},
    " \t7\v\n": "7",
    **dict.fromkeys(("nan", "NaN", "-nan", "nan(ind)", "-nan(ind)", "+NAN()"), "NaN"),
    **dict.fromkeys(("inf", "+inf", "Infinity"), "Infinity"),
    "-Infinity": "-Infinity",
}
NO_NUMBERS = (
    *("", " ", "1d", "1D", "1f", "1L", "0x10", "0x1p3", "0X1F", "1e", "1e+", ".", "+", "--1", "1 1", "1,5", "1_000"),
    *("null", "true", "infinit", "nana", "nan(", "nan(0x1)", "1e400", "7.0e-46", "3.4028236e38", "1\u00a0", "\u0661"),
)
HALVES = {"0.5": "0", "1.5": "2", "2.5": "2", "-2.5": "-2", "2.500001": "3", "nan": "nan"}
WHOLE = {"2.5": "2", "3.5": "4", "-0.5": "0", "1.9": "2", "-1.9": "-2"}
# PostgreSQL goes by 15 digits of a double and 6 of a real. Sail takes the cast of a numeric that is compared off again.
AS_TEXT = "cast({{{{ {} }}}} as {{{{ dbt.type_string() }}}})"
HUNDREDTHS = {
    **{"1.6249999999999998": "1.63", "1.625": "1.63", "2.675": "2.68", "-1.625": "-1.63", "1e-9": "0.00"},
    **{"0.30000000000000004": "0.30", "123456789.005": "123456789.01"},
}
OF_REALS = {"16777.217": "16777.200", "1.6255": "1.626", "0.1": "0.100"}
SIGNS = {"commas": ",", "bars": "|", "dots": ".", "tabs": "\t", "semicolons": ";", "quoted cells": '","'}
FIGURES = (
    f"select 1 as place, {double('1e16')} as figure, cast(0.1 as real) as single, 3 as lap, 'b' as word, 1 as piece "
    f"union all select 2, {double('1')}, cast(0.2 as real), 1, 'a', 1 "
    f"union all select 3, {double('-1e16')}, cast(0.3 as real), null, 'c', 2"
)
LIST = f"(select {words('a', 'b', 'c')} as items) as rows"
LIST_AND_WORDS = (
    f"(select cast(null as {{{{ dbt.type_string() }}}}) as x, {words('a', 'b', 'c')} as items, "
    "cast('d' as {{ dbt.type_string() }}) as y) as rows"
)
NOTHING = "(select cast(null as {{ dbt.type_string() }}) as x) as rows"
STEPS = "{{ array_of(['cast(1 as ' ~ type_double() ~ ')', 'cast(2 as ' ~ type_double() ~ ')']) }}"
CASES = {
    **{
        f"{text!r} is a number": Case("{{ is_real('x') }}", "true", f"(select '{text}' as x) as rows")
        for text in NUMBERS
    },
    **{
        f"{text!r} is no number": Case("{{ is_real('x') }}", "false", f"(select '{text}' as x) as rows")
        for text in NO_NUMBERS
    },
    **{
        f"{text!r} is {number}": Case("{{ as_double('x') }}", double(number), f"(select '{text}' as x) as rows")
        for text, number in NUMBERS.items()
    },
    **{f"half of {x}": Case("{{ half_even('x') }}", double(whole), of(x)) for x, whole in HALVES.items()},
    **{f"{x} as integer": Case("{{ to_whole('x', 'integer') }}", whole, of(x)) for x, whole in WHOLE.items()},
    **{
        f"{x} with two decimals": Case(AS_TEXT.format("fixed('x', 18, 2)"), f"'{number}'", of(x))
        for x, number in HUNDREDTHS.items()
    },
    **{
        f"the real {x}": Case(AS_TEXT.format("fixed('x', 18, 3, digits=6)"), f"'{number}'", of(x, "real"))
        for x, number in OF_REALS.items()
    },
    "a double with six decimals": Case("{{ rounded('x', 6) }}", double("0.123457"), of("0.1234565000000001")),
    "a negative zero is none": Case("nullif(x + 0, 0)", "null", of("-0")),
    "-0 is no value where 0 is none": Case(
        "{{ without_no_value('x', 'last_lap_time_s', {'no_value': [-1, 0]}) }}", "null", of("-0")
    ),
    "0 and -0 stand in one place": Case(
        "sum(ranked.place)",
        "2",
        f"(select rank() over (order by zeros.x + 0) as place from (select {double('-0')} as x union all "
        f"select {double('0')} as x) as zeros) as ranked",
    ),
    "integers divided": Case("cast(x as {{ type_double() }}) / 2", double("2.5"), of("5", "integer")),
    **{
        f"the whole part of {x} / 2": Case("cast(floor(x / 2.0) as integer)", whole, of(x, "integer"))
        for x, whole in {"5": "2", "-5": "-3"}.items()
    },
    "a logarithm": Case("{{ rounded('ln(x)', 6) }}", double("4.60517"), of("100")),
    "a numeric has its decimals": Case("cast(x as numeric(18, 6)) * 2", "3", of("1.5")),
    "a text and nothing is nothing": Case("'a' || x", "null", NOTHING),
    "a text and nothing filled": Case("'a' || coalesce(x, '')", "'a'", NOTHING),
    "words without nothing": Case("concat_ws(',', 'a', x, 'b')", "'a,b'", NOTHING),
    "no words": Case("nullif(concat_ws(',', x), '')", "null", NOTHING),
    "greatest passes over nothing": Case("greatest(cast(x as integer), 3)", "3", NOTHING),
    "a quote": Case('length({{ dbt.string_literal(dbt.escape_single_quotes("it\'s")) }})', "4"),
    "characters at the end": Case("trim(trailing 'x' from 'xaxx')", "'xa'"),
    "characters around": Case("btrim('xaxx', 'x')", "'a'"),
    "the middle of an even number": Case(
        "percentile_cont(0.5) within group (order by place)", double("1.5"), "figures where place < 3"
    ),
    **{
        f"nothing {order}": Case(
            "min(ranked.place)",
            place,
            f"(select lap, row_number() over (order by lap {order}, place) as place from figures) as ranked "
            "where lap is null",
        )
        for order, place in {"nulls last": "3", "nulls first": "1", "desc nulls last": "3"}.items()
    },
    "a literal is a double": Case("{{ double_literal(0.3) }}", double("0.3")),
    "a real in a quotient": Case(
        "cast(x as {{ type_double() }}) / " + double("3.6"), double("10.027777353922525"), of("36.1", "real")
    ),
    "a sum goes in order": Case("{{ sum_in_order('figure', 'place', 'double precision') }}", double("0"), "figures"),
    "a sum of reals is a real": Case("{{ sum_in_order('single', 'place', 'real') }}", "cast(0.6 as real)", "figures"),
    "a sum of nothing": Case("{{ sum_in_order('figure', 'place', 'real') }}", "null", "figures where place > 3"),
    "a mean of reals": Case("{{ mean_in_order('single', 'place') }}", double("0.2000000054637591"), "figures"),
    "an item": Case("{{ item_at('items', 2) }}", "'b'", LIST),
    "no item behind the last": Case("{{ item_at('items', 4) }}", "null", LIST),
    "no item before the first": Case("{{ item_at('items', 0) }}", "null", LIST),
    "among": Case("""{{ is_among("'c'", 'items') }}""", "true", LIST),
    "not among": Case("""{{ is_among("'d'", 'items') }}""", "false", LIST),
    "a list in order": Case("{{ ordered_list('word', ['place']) }}", words("b", "a", "c"), "figures"),
    "a list without nulls": Case("{{ list_of('x', 'items', 'y') }}", words("a", "b", "c", "d"), LIST_AND_WORDS),
    "items and their places": Case(
        "sum(case when found.item = 'c' then 100 else 1 end * found.place)",
        "303",
        LIST + " cross join lateral {{ items_of(['rows.items'], ['item']) }} as found (item, place)",
    ),
    "numbers of a text": Case("{{ item_at(numbers_in('x', 'integer'), 2) }}", "-7", "(select '{3,-7}' as x) as rows"),
    **{
        f"the bucket of {x}": Case(
            "{{ bucket_of('x', 'steps') }}", bucket, f"(select {double(x)} as x, {STEPS} as steps) as rows"
        )
        for x, bucket in {"0.5": "0", "1": "1", "1.5": "1", "2": "2", "9": "2"}.items()
    },
    **{
        f"numbers from {first} to {last}": Case(
            "coalesce(sum(numbers.number), 0)",
            total,
            "(select 1 as one) as rows cross join lateral "
            f"{{{{ whole_numbers('{first}', '{last}') }}}} as numbers (number)",
        )
        for first, last, total in ((2, 4, "9"), (3, 3, "3"), (3, 1, "0"))
    },
    "beside the lowest": Case("{{ value_at_lowest('figure', 'place') }}", double("3"), "figures"),
    "beside no null": Case("{{ value_at_lowest('lap', 'place') }}", double("2"), "figures"),
    "the lowest of those without": Case(
        "{{ value_at_lowest('lap', 'place') }}", double("3"), "figures where lap is null"
    ),
    "rows in SQL": Case(
        "sum(told.number)",
        "3",
        "(select 1 as one) as rows cross join lateral "
        """{{ listed_rows([["'a'", 1], ["'b'", 2]], ['word', 'number']) }} as told (word, number)""",
    ),
    "the lowest of each": Case(
        "sum(found.place * found.piece)",
        "8",
        "({{ lowest_of_each(['piece'], 'figure', 'place', 'figures') }}) as found",
    ),
    **{
        f"cells between {name}": Case(
            "{{ item_at('(' ~ cells_of('x', 'separator') ~ ')', 2) }}",
            "'b'",
            f"(select 'a{sign}b{sign}' as x, '{sign}' as separator) as rows",
        )
        for name, sign in SIGNS.items()
    },
    "an empty cell at the end": Case(
        """{{ item_at('(' ~ cells_of('x', "','") ~ ')', 3) }}""", "''", "(select 'a,b,' as x) as rows"
    ),
    "every match is replaced": Case(
        """{{ replace_found('x', "'([0-9])'", '<$1>') }}""", "'<1>a<2>'", "(select '1a2' as x) as rows"
    ),
}


def query() -> str:
    """All cases in one statement: their numbers, and whether each is what it should be."""
    asked = (
        f"select {number} as number, ({case.expression}) is not distinct from ({case.expected}) as is_right "
        f"from {case.rows}"
        for number, case in enumerate(CASES.values())
    )
    return f"with figures as ({FIGURES}) " + " union all ".join(asked)


def wrong(shown: str) -> list[str]:
    """What is not what it should be, of the answer of dbt."""
    rows = json.loads(shown[shown.index("{") :])["show"]
    assert len(rows) == len(CASES)
    names = list(CASES)
    return [names[int(row["number"])] for row in rows if str(row["is_right"]).lower() != "true"]


SHOW = ("--quiet", "show", "--inline", query(), "--output", "json", "--limit", "-1")


def test_macros_mean_what_they_say_in_postgresql(built: Warehouse) -> None:
    assert wrong(built.run("dbt", *SHOW).stdout) == []


@pytest.mark.slow
def test_macros_mean_the_same_on_sail(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_SPARK_ENVIRONMENT", str(Path(os.environ.get(CACHE_VARIABLE) or SHARED) / "sail"))
        try:
            assert wrong_on(Lake(SAIL, tmp_path, tmp_path / "exchange", str(tmp_path / "tables"))) == []
        except PackagesError as error:
            pytest.skip(f"Sail cannot be installed here: {error}")


def wrong_on(lake: Lake) -> list[str]:
    """What is not what it should be on the engine of a lake."""
    dbt, environment = dbt_of(lake, ROOT)
    done = subprocess.run(
        [dbt, *SHOW, "--target", lake.engine], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-5_000:]
    return wrong(done.stdout)
