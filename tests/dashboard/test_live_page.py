"""The page Live in a browser, while cars stream."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from simrace.api.settings import Settings
from simrace.operations import commands
from tests.api.conftest import TOKEN, Api, served
from tests.browser import console_errors, open_browser, requests_that_left
from tests.conftest import Warehouse
from tests.live_frames import let_go, session_frames, write_stream

WAIT_S = 30
SLY = "<img src=x onerror=alert(1)> & 'Odo'"


@pytest.fixture(scope="module")
def page(warehouse: Warehouse) -> Iterator[Api]:
    """A server, and two cars that stream: the names of one would be markup."""
    [(session_id,)] = warehouse.query(
        "select cast(min(session_id::text) as text) from marts.dim_sessions "
        "where source_format = 'iracing_mu_csv' and sample_rate_hz = 60"
    )
    frames = session_frames(warehouse, str(session_id))
    told = {"driver": "Nell Harwood", "car": "Finch", "track": "Alder Park", "sim": "iracing"}
    now = datetime.now(UTC)
    write_stream(warehouse.url, "test/first", told, frames[:9_600], now)
    write_stream(warehouse.url, "test/second", told | {"driver": SLY, "car": SLY}, frames[:9_300], now)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMRACE_DATABASE_URL", warehouse.url)
        patch.setattr(commands, "prepare", lambda *_: None)  # nobody lands a file here
        patch.setenv("SIMRACE_HOME", warehouse.environment["SIMRACE_HOME"])
        with served(Settings(TOKEN, requests_per_minute=0)) as api:
            yield api
    let_go(warehouse)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path)
    yield driver
    driver.quit()


def wait(browser: webdriver.Chrome, text: str) -> None:
    WebDriverWait(browser, WAIT_S).until(lambda driver: text in driver.find_element(By.ID, "status").text)


def enter(browser: webdriver.Chrome, token: str) -> None:
    browser.find_element(By.ID, "token").clear()
    browser.find_element(By.ID, "token").send_keys(token)
    browser.find_element(By.CSS_SELECTOR, "form button").click()


def test_the_page_asks_for_the_token_and_shows_the_cars(page: Api, browser: webdriver.Chrome) -> None:
    browser.get(f"{page.url}/live")
    wait(browser, "asks for its token")
    enter(browser, "a-token-that-is-another")
    wait(browser, "knows no such token")
    enter(browser, TOKEN)
    wait(browser, "2 on track")
    cars = browser.find_elements(By.CSS_SELECTOR, ".car")
    assert [car.find_element(By.TAG_NAME, "h2").text for car in cars] == ["Nell Harwood", SLY]
    assert not browser.find_elements(By.TAG_NAME, "img"), "a name is text"
    figures = cars[0].find_element(By.CSS_SELECTOR, ".figures").text.split("\n")
    shown = dict(zip(figures[::2], figures[1::2], strict=True))
    assert shown["Place"] == "1"
    assert shown["To the best"].endswith(" s")
    assert float(shown["Fuel"].removesuffix(" l")) > 1
    assert not any(letter.isdigit() for letter in shown["Car ahead"])
    lines = cars[0].find_elements(By.CSS_SELECTOR, ".trace path.now")
    assert all(len(line.get_attribute("d") or "") > 100 for line in lines)
    # the lap before the running one is the best, and was seen whole
    assert len(cars[0].find_element(By.CSS_SELECTOR, ".trace path.best").get_attribute("d") or "") > 1_000
    assert len(cars[0].find_elements(By.CSS_SELECTOR, ".map circle")) == 2
    assert "°C" in cars[0].find_element(By.CSS_SELECTOR, ".tyres").text
    assert len(cars[0].find_elements(By.CSS_SELECTOR, ".laps tbody tr")) == 2
    told = [
        entry
        for entry in console_errors(browser)
        if "401" not in entry  # what the wrong token got
    ]
    assert told == []
    assert requests_that_left(browser) == []


def test_it_fits_a_phone_and_is_told_to_who_does_not_see_it(page: Api, browser: webdriver.Chrome) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(f"{page.url}/live#token={TOKEN}")
    wait(browser, "2 on track")
    assert "token" not in browser.current_url
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    drawings = browser.find_elements(By.CSS_SELECTOR, "svg")
    assert all(drawing.accessible_name for drawing in drawings)
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    assert [
        table.find_element(By.TAG_NAME, "caption").text
        for table in browser.find_elements(By.CSS_SELECTOR, ".car:first-child table")
    ] == ["Tyres", "Last laps"]


def test_nobody_watches_without_the_token(page: Api) -> None:
    assert requests.get(f"{page.url}/api/v1/live", timeout=10).status_code == 401
    answer = requests.get(f"{page.url}/live", timeout=10)
    assert answer.status_code == 200
    assert "Nell" not in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
