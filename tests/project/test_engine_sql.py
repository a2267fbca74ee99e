"""SQL that runs on two engines says nothing that means another thing on one of them, or nothing at all there.

What the rows then are, `tests/warehouse/test_engines.py` compares; this finds the word before an engine is needed.
"""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# What Spark does with it stands behind each; a macro of macros/dialect says it for both.
REFUSED = {
    r"::": "no SQL of Spark: cast()",
    r"\b(numeric|decimal)\b(?! ?\()": "without precision it is decimal(10, 0): wrong numbers, and nobody is told",
    r"\bas (text|double precision|timestamptz|jsonb?|uuid)\b": "no type of Spark's",
    r"\bfloat\b": "of eight bytes in PostgreSQL, of four in Spark",
    r"'[^'\n]*\\[^'\n]*'": "a backslash in a literal begins an escape: [0-9], [.]",
    r"\w''\w": "Spark reads two literals, and makes one of them: no quote is left",
    r'"\w+"': "a name in double quotes is a text to Spark",
    r"!?~\*?": "no operator of Spark's",
    r"\bdistinct on\b": "lowest_of_each",
    r"\bis (not )?false\b": "not understood by Sail",
    r"= any ?\(": "is_any_of, is_among",
    r"\w\[\d": "counts from 0, where PostgreSQL counts from 1: item_at",
    r"\b(round|rint)\(": "halves go away from 0: half_even, fixed",
    r"\bover \w+\s*-": "Spark takes the minus for a part of the window's name: brackets",
    r"\blog\(": "the natural logarithm in Spark, the decimal one in PostgreSQL: ln",
    r"\b(generate_series|unnest|string_to_array|string_agg|array_agg|cardinality|width_bucket|regexp_replace|to_char"
    r"|strpos|trim|rtrim|ltrim|jsonb_\w+|date_trunc|extract)\(": "unknown, or with another meaning",
}  # fmt: skip
WRONG = (
    "select x::int", "cast(x as numeric)", "cast(x as text)", "cast(x as float)", r"'\d'", "'it''s'", 'as "name"',
    "x ~ 'a'", "select distinct on (x) x", "x is not false", "x = any(list)", "list[1]", "round(x)", "log(x)",
    "unnest(list)", "lead(x) over way - x",
)  # fmt: skip
RIGHT = "select cast(x as numeric(18, 6)), 'a', '', x is not true, {{ item_at('list', 1) }} from a -- it's [0-9]"


def sql_of(text: str) -> str:
    """Without comments and Jinja."""
    without = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
    return re.sub(r"--.*", "", without)


def refused_in(text: str) -> list[str]:
    return [f"{found[0]}: {why}" for rule, why in REFUSED.items() for found in re.finditer(rule, sql_of(text))]


@cache
def grown() -> tuple[Path, ...]:
    files = {file.stem: file for file in (ROOT / "models").rglob("*.sql")}
    models = (
        model
        for file in (ROOT / "models").rglob("*.yml")
        if "grows:" in (text := file.read_text("utf-8"))
        for model in yaml.safe_load(text)["models"]
    )
    return tuple(files[model["name"]] for model in models if "grows" in (model.get("config", {}).get("meta") or {}))


def test_what_grows_is_written_in_sql_of_both_engines() -> None:
    assert len(grown()) > 15
    assert [f"{file.name}: {found}" for file in grown() for found in refused_in(file.read_text("utf-8"))] == []


def test_no_view_of_the_lake_has_a_named_window() -> None:
    """Spark looks its name up among the windows of whoever reads the view."""
    views = [file for file in grown() if "config(" not in file.read_text("utf-8")]
    assert views
    assert [file.name for file in views if re.search(r"\bwindow \w+ as\b", sql_of(file.read_text("utf-8")))] == []


@pytest.mark.parametrize("sql", WRONG)
def test_each_word_is_found(sql: str) -> None:
    assert len(refused_in(sql)) == 1


def test_what_is_right_passes() -> None:
    assert refused_in(RIGHT) == []
