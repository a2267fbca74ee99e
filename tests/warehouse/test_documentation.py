"""What is described, as people find it: in a browser, and by a BI tool in the database itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import text_to_be_present_in_element
from selenium.webdriver.support.wait import WebDriverWait

from ingestion import docs_site
from tests.browser import open_browser, requests_that_left
from tests.warehouse.conftest import Warehouse

WAIT_S = 60


@pytest.fixture(scope="module")
def site(warehouse: Warehouse) -> Path:
    """The folder that `simrace docs` wrote."""
    target = Path(warehouse.environment["DBT_TARGET_PATH"])
    assert str(target / "documentation.html") in warehouse.run("simrace", "docs", "--no-open").stdout
    return target


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path)
    yield driver
    driver.quit()


def test_every_column_is_described(site: Path) -> None:
    assert (site / "static_index.html").stat().st_size > 1_000_000
    catalog = json.loads((site / "catalog.json").read_text(encoding="utf-8"))
    manifest = json.loads((site / "manifest.json").read_text(encoding="utf-8"))
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
        "model.simrace.stg_iracing__race_results",
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
