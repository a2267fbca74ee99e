"""Descriptions where people find them: in a browser, and in the database for BI tools."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import text_to_be_present_in_element
from selenium.webdriver.support.wait import WebDriverWait

from simrace.build import docs_site
from simrace.database.roles import READER, password_variable
from simrace.database.settings import build_url, parse_url
from tests.browser import open_browser, requests_that_left
from tests.conftest import ROOT, Warehouse

WAIT_S = 60
PASSWORD = "of-a-BI-tool"  # noqa: S105


@pytest.fixture(scope="module")
def site(warehouse: Warehouse) -> Path:
    """The folder that `simrace docs` wrote."""
    target = Path(warehouse.environment["DBT_TARGET_PATH"])
    assert str(target / "documentation.html") in warehouse.run("simrace", "docs", "--no-open").stdout
    return target


@pytest.fixture(scope="module")
def manifest(site: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((site / "manifest.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def reader(warehouse: Warehouse) -> Iterator[Connection]:
    """As docs/bi.md tells a BI tool to connect."""
    with_password = {**warehouse.environment, password_variable(READER): PASSWORD}
    assert f"{READER}: selects from marts (logs in)" in (
        replace(warehouse, environment=with_password).run("simrace", "db", "roles").stdout
    )
    url = build_url({**parse_url(warehouse.url), "user": READER, "password": PASSWORD})
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path)
    yield driver
    driver.quit()


def test_every_column_is_described(site: Path, manifest: dict[str, Any]) -> None:
    assert (site / "static_index.html").stat().st_size > 1_000_000
    catalog = json.loads((site / "catalog.json").read_text(encoding="utf-8"))
    missing = []
    for key, node in {**catalog["nodes"], **catalog["sources"]}.items():
        known = {**manifest["nodes"], **manifest["sources"]}[key]
        assert known["description"], key
        described = {name for name, column in known["columns"].items() if column["description"]}
        missing += [
            f"{key}.{name}" for name in node["columns"] if name not in described and not name.startswith("_dlt")
        ]
        missing += [f"{key}.{name} is no column" for name in described if name not in node["columns"]]
    loads = "source.simrace.raw._dlt_loads"
    assert not [name for name in missing if not name.startswith(loads)]


def test_columns_of_unions_have_a_lineage(site: Path) -> None:
    parents = json.loads((site / "lineage" / "colibri-manifest.json").read_text(encoding="utf-8"))["lineage"]["parents"]
    origins = parents["model.simrace.int_race_results_united"]["finish_position"]
    assert {origin["dbt_node"] for origin in origins} >= {
        "model.simrace.stg_iracing__race_results_csv",
        "model.simrace.stg_iracing__race_results_json",
        "model.simrace.stg_acc__race_results",
    }


def test_the_site_shows_columns_and_where_they_come_from(site: Path, browser: webdriver.Chrome) -> None:
    def shows(*texts: str) -> None:
        for text in texts:
            WebDriverWait(browser, WAIT_S).until(text_to_be_present_in_element((By.TAG_NAME, "body"), text), text)

    index = (site / "documentation.html").as_uri()
    browser.get(index)
    browser.find_element(By.LINK_TEXT, "Tables and columns").click()
    shows("A worked question", "Where do I lose time against the best lap of my session?")
    browser.get((site / "static_index.html").as_uri() + "#!/model/model.simrace.fct_laps")
    shows("One row per lap of a telemetry session", "pace_ineligible_reason", "numeric(10,3)")
    browser.get(index)
    browser.find_element(By.LINK_TEXT, "Column lineage").click()
    shows("fct_lap_corners", "brake_point_m", "int_telemetry_lap_samples")
    assert requests_that_left(browser) == []


def test_without_the_extra_the_site_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs_site, "find_spec", lambda _: None)
    made = docs_site.make_site(tmp_path)
    text = made.page.read_text(encoding="utf-8")
    assert not made.has_lineage
    assert "static_index.html" in text
    assert "lineage/" not in text
    assert "simrace[docs]" in text


def _ask(reader: Connection, statement: str) -> list[tuple[Any, ...]]:
    with reader.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_a_bi_tool_finds_every_mart_described_and_with_its_keys(manifest: dict[str, Any], reader: Connection) -> None:
    nodes = manifest["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model"]
    marts = {node["alias"]: node for node in models if node["schema"] == "marts"}
    tables = dict(
        _ask(reader, "select table_name, table_type from information_schema.tables where table_schema = 'marts'")
    )
    assert tables.keys() == marts.keys()
    said = dict(
        _ask(reader, "select relname, obj_description(oid) from pg_class where relnamespace = 'marts'::regnamespace")
    )
    assert {name: said[name] for name in marts} == {name: node["description"] for name, node in marts.items()}
    columns = _ask(
        reader,
        "select table_name, column_name, col_description(('marts.' || table_name)::regclass, ordinal_position) "
        "from information_schema.columns where table_schema = 'marts'",
    )
    assert {(table, column): text for table, column, text in columns} == {
        (name, column): node["columns"][column]["description"]
        for name, node in marts.items()
        for column in node["columns"]
    }
    keys = _ask(
        reader,
        "select conrelid::regclass::text, contype::text from pg_constraint where contype in ('p', 'f')",
    )
    of_models = {f"{node['schema']}.{node['alias']}" for node in models}
    keys = [
        (table, kind) for table, kind in ((name.replace('"', ""), kind) for name, kind in keys) if table in of_models
    ]
    wanted = [
        (f"{node['schema']}.{node['alias']}", kind)
        for node in models
        if node["config"]["materialized"] != "view"
        for kind in _keys(node)
    ]
    assert {name for name, kind in tables.items() if kind == "VIEW"} == {
        name for name, node in marts.items() if node["config"]["materialized"] == "view"
    }
    assert Counter(keys) == Counter(wanted)
    assert Counter(kind for _, kind in wanted)["f"] > 40


def _keys(node: dict[str, Any]) -> list[str]:
    """Of a model's contract: p for the primary key, f for each foreign key."""
    constraints = [*node["constraints"], *(one for column in node["columns"].values() for one in column["constraints"])]
    kinds = {"primary_key": "p", "foreign_key": "f"}
    return [kinds[constraint["type"]] for constraint in constraints if constraint["type"] in kinds]


def test_every_example_question_has_an_answer(site: Path, reader: Connection) -> None:
    """Compiled by dbt, asked by the reader: rows, and no column that is empty in all of them."""
    compiled = sorted((site / "compiled" / "simrace" / "analyses").rglob("*.sql"))
    for file in compiled:
        with reader.cursor() as cursor:
            cursor.execute(file.read_text(encoding="utf-8"))
            rows = cursor.fetchall()
            names = [column.name for column in cursor.description or ()]
        assert rows, file.name
        empty = [name for name, values in zip(names, zip(*rows, strict=True), strict=True) if set(values) == {None}]
        assert not empty, file.name
    files = sorted((ROOT / "analyses").rglob("*.sql"))
    assert [file.name for file in compiled] == [file.name for file in files]
    listed = (ROOT / "docs" / "bi.md").read_text(encoding="utf-8")
    for file in files:
        question = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- ")
        assert question.endswith("?"), file.name
        assert f"| {question} | [{file.stem}](../{file.relative_to(ROOT).as_posix()}) |" in listed
