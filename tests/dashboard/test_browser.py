"""The dashboard as a user sees it: `simrace dashboard` in a real Chromium, and nothing leaves the machine."""

import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from simrace.sim_names import sim_name
from tests.browser import console_errors, find_browser, open_browser, requests_that_left, serious_findings
from tests.commands import BIN
from tests.conftest import ROOT, Warehouse

SCREENSHOTS = ROOT / "target" / "screenshots"
TITLES = ("Home", "Lap comparison", "Session", "Personal bests", "Consistency", "Driver", "Track", "Race", "Strategy",
          "Championship", "Predictions", "Data quality")  # fmt: skip
PATIENCE_S = 60.0
MOST_CELLS = 600  # of a table: on a busy machine one comes to further rows
# Rules of axe that find what we cannot change. Beside its drawing of a table Streamlit gives screen readers one, whose
# cells have the same ids in every table of a page.
STREAMLITS_OWN = {"duplicate-id-active"}
# What a keyboard reaches on the lap comparison, from the top to the foot.
REACHED = ("layout", "driver", "laps", "colour", "channels_more", "ideal", "own", "corner", "at", "channels_table",
           "map_table", "page_tools_buttons", "units")  # fmt: skip
# Opened at a page's own address, Streamlit first looks for its server below that address, and then above it.
LOOKS_FOR_SERVER = re.compile(r"/\w+/_stcore/(health|host-config) - Failed to load resource: .* 404")


@pytest.fixture(scope="module")
def address(warehouse: Warehouse) -> Iterator[str]:
    find_browser()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [BIN / "simrace", "dashboard", "--no-browser", "--port", str(port), "--refresh", "1"]
    with (warehouse.folder / "dashboard.log").open("w") as log:
        server = subprocess.Popen(command, cwd=warehouse.folder, env=warehouse.environment, stdout=log, stderr=log,
                                  start_new_session=True)  # fmt: skip
        try:
            until(lambda: _answers(port), "the dashboard answers")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, 15)
            server.wait(20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chrome]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = open_browser(Path(profile))
        try:
            yield browser
        finally:
            browser.quit()


@pytest.fixture
def browser(chromium: Chrome) -> Iterator[Chrome]:
    """A browser; at the end of the test it must have asked for nothing outside and shown no error."""
    yield chromium
    assert not requests_that_left(chromium)
    assert not [error for error in console_errors(chromium) if not LOOKS_FOR_SERVER.search(error)]


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def until(holds: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with suppress(StaleElementReferenceException):  # the page was drawn anew meanwhile
            if found := holds():
                return found
        time.sleep(0.1)
    raise AssertionError(f"waited {PATIENCE_S:.0f} s until {what}")


def click(found: Callable[[], list[WebElement]], what: str) -> None:
    """Click the first of what is found, once it is there."""

    def clicked() -> bool:
        elements = found()
        for element in elements[:1]:
            element.click()
        return bool(elements)

    until(clicked, what)


def ready(browser: Chrome, title: str) -> None:
    """Wait until a page is there and at rest."""

    def at_rest() -> bool:
        app = browser.find_elements(By.CSS_SELECTOR, "[data-testid=stApp]")
        titles = browser.find_elements(By.TAG_NAME, "h1")
        return bool(
            app
            and app[0].get_attribute("data-test-script-state") == "notRunning"
            and [each.text for each in titles] == [title]
            # figures come with a second run at the first visit
            and not browser.find_elements(By.CSS_SELECTOR, "[data-stale=true], .st-key-rest_of_page")
        )

    until(at_rest, f"the page {title} is there")
    assert not browser.find_elements(By.CSS_SELECTOR, "[data-testid=stException]")


def plotted(browser: Chrome, key: str) -> Any:
    return until(
        lambda: browser.find_elements(By.CSS_SELECTOR, f".st-key-{key} .js-plotly-plot .main-svg"), f"{key} is drawn"
    )[0]


def save(browser: Chrome, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    browser.save_screenshot(str(SCREENSHOTS / f"{name}.png"))


def pick(browser: Chrome, key: str, text: str) -> None:
    """Choose an option in a selectbox or multiselect by typing its beginning; of several the shortest."""
    field = (By.CSS_SELECTOR, f".st-key-{key} input")
    open_until = 0.0

    def found() -> list[WebElement]:
        nonlocal open_until
        options = browser.find_elements(By.CSS_SELECTOR, "[role=option]")
        # a change of the page may close a list that was just opened
        if not options and time.monotonic() > open_until:
            browser.find_element(*field).send_keys(Keys.CONTROL, "a", Keys.NULL, text)
            open_until = time.monotonic() + PATIENCE_S / 6
        return sorted((each for each in options if each.text.startswith(text)), key=lambda each: len(each.text))

    click(found, f"{text} can be chosen")
    if key == "laps":
        browser.find_element(*field).send_keys(Keys.ESCAPE)


# For whoever walks by the tabulator key: which element has the focus, also inside of a component, and whether a ring is
# drawn round it or what it stands in. What can be reached is counted by the same rules.
WALK = """
const within = (e) => [e, ...(e.shadowRoot ? inside(e.shadowRoot) : [])];
const inside = (root) => [...root.querySelectorAll("*")].flatMap(within);
const parent = (e) => e.parentElement ?? e.getRootNode().host ?? null;
const around = (e) => { const all = []; for (; e && all.length < 6; e = parent(e)) all.push(e); return all; };
const ring = (e) => {
  const style = getComputedStyle(e), box = e.getBoundingClientRect(), width = parseFloat(style.outlineWidth);
  if (style.outlineStyle === "none" || width < 2 || box.width < 8 || box.height < 8) return false;
  const out = width + parseFloat(style.outlineOffset), holds = (p) => {
    const room = p.getBoundingClientRect();
    return box.left - out >= room.left && box.top - out >= room.top && box.right + out <= room.right
      && box.bottom + out <= room.bottom;
  };
  // a ring that what is round it cuts off is not seen
  return around(e).slice(1, 4).every(p => getComputedStyle(p).overflowX === "visible" || holds(p));
};
const stops = (e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true})
  && e.matches("a[href], button, input, select, textarea, summary, [tabindex]")
  // of a group the arrow keys reach the others
  && !(e.type === "radio" && !e.checked) && e.getAttribute("aria-checked") !== "false" && !e.closest("[inert]");
const key = (e) => [...e.classList].find(name => name.startsWith("st-key-"));
const name = (e) => e.getAttribute("aria-label") ?? e.textContent.trim().slice(0, 30);
const told = (e) => `${e.tagName.toLowerCase()} ${name(e)} in ` + (around(e).map(key).find(Boolean) ?? "the page");
if (arguments[0] === "left") return inside(document).filter(e => stops(e) && !window.walk.has(e)).map(told);
let at = document.activeElement;
while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
// cells of a table are within its canvas, which draws the ring; on a slow machine they have the focus
at = at?.closest("canvas") ?? at;
if (!at || at === document.body) return null;
const stays = at === window.last, again = window.walk.has(at) && !stays;
window.last = at;
window.walk.add(at);
return {told: told(at), again, stays, ring: around(at).some(ring)};
"""


FROM_THE_TOP = """
window.walk = new Set();
window.last = null;
const top = Object.assign(document.createElement("span"), {tabIndex: -1});
document.body.prepend(top);
top.focus();
top.remove();
"""


def walk(browser: Chrome, title: str) -> None:
    """From top to foot the keyboard reaches everything once, what has the focus shows it, and nothing holds it."""
    browser.execute_script(FROM_THE_TOP)
    unseen, reached, stayed = set(), 0, 0
    while place := _tab(browser):
        assert not place["again"], f"{title}: {place['told']} is come back to"
        # in a table one goes through the cells of a row, and then on
        reached, stayed = (reached, stayed + 1) if place["stays"] else (reached + 1, 0)
        assert stayed < MOST_CELLS, f"{title}: {place['told']} holds the keyboard"
        unseen |= set() if place["ring"] else {place["told"]}
    assert reached > len(TITLES), title
    assert unseen == set(), f"on {title} the focus is not seen"
    assert browser.execute_script(WALK, "left") == [], f"on {title} the keyboard does not reach"


def _tab(browser: Chrome) -> Any:
    ActionChains(browser, duration=0).send_keys(Keys.TAB).perform()
    return browser.execute_script(WALK, "at")


def test_every_page_opens(address: str, browser: Chrome) -> None:
    browser.get(address)
    for title in TITLES:
        click(lambda title=title: browser.find_elements(By.LINK_TEXT, title), f"{title} is in the navigation")
        ready(browser, title)
        # no model is trained here: the page says how
        shown = (
            "[data-testid=stAlert]"
            if title == "Predictions"
            else ".js-plotly-plot .main-svg, [data-testid=stDataFrame]"
        )
        until(lambda shown=shown: browser.find_elements(By.CSS_SELECTOR, shown), f"{title} shows something")
        assert serious_findings(browser, STREAMLITS_OWN) == [], title
        save(browser, title.lower().replace(" ", "_"))
        walk(browser, title)


def test_home_leads_to_where_the_time_is(address: str, browser: Chrome) -> None:
    browser.get(address)
    ready(browser, "Home")
    save(browser, "home")
    click(lambda: browser.find_elements(By.LINK_TEXT, "Compare the two laps"), "the two laps can be compared")
    ready(browser, "Lap comparison")
    assert len(re.findall("laps=", browser.current_url)) == 2
    assert "at=" in browser.current_url
    browser.get(address)
    ready(browser, "Home")
    pick(browser, "search", "Race: ")
    click(lambda: browser.find_elements(By.LINK_TEXT, "Open the page of this race"), "what was found leads on")
    ready(browser, "Race")
    assert "race=" in browser.current_url


def test_laps_are_chosen_zoomed_and_read(address: str, browser: Chrome, warehouse: Warehouse) -> None:
    browser.get(f"{address}/laps")
    ready(browser, "Lap comparison")
    layout = warehouse.query(
        "select sessions.layout_key, layouts.track_name || ', ' || layouts.config_name, sessions.sim "
        "from marts.fct_laps as laps inner join marts.dim_sessions as sessions using (session_id) "
        "inner join marts.dim_track_layouts as layouts using (layout_id) where laps.is_trace_eligible "
        "group by 1, 2, 3 having count(*) > 3 order by count(*) desc, 1 limit 1"
    )[0]
    pick(browser, "layout", f"{layout[1]} ({sim_name(str(layout[2]))})")
    ready(browser, "Lap comparison")
    laps = warehouse.query(
        "select laps.session_id, laps.lap_number, cast(floor(laps.lap_time_s / 60) as integer) || ':' "
        "|| to_char(mod(laps.lap_time_s, 60), 'FM00.000') from marts.fct_laps as laps "
        "inner join marts.dim_sessions as sessions using (session_id) where laps.is_trace_eligible "
        f"and sessions.layout_key = '{layout[0]}' order by laps.lap_time_s desc limit 2"
    )
    click(
        lambda: browser.find_elements(By.CSS_SELECTOR, ".st-key-laps [aria-label='Clear all']"), "laps can be cleared"
    )
    until(lambda: "Choose a lap" in browser.find_element(By.TAG_NAME, "body").text, "no lap is chosen")
    for number, (_, _, lap_time) in enumerate(laps, start=1):
        pick(browser, "laps", str(lap_time))
        chosen = f"return new URLSearchParams(location.search).getAll('laps').length === {number}"
        until(lambda chosen=chosen: browser.execute_script(chosen), "the lap stands in the address")
        ready(browser, "Lap comparison")
    plotted(browser, "map")
    plotted(browser, "channels")

    # A drag over the speed zooms all channels, which have one axis.
    plot = browser.find_element(By.CSS_SELECTOR, ".st-key-channels .js-plotly-plot")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    width, height = plot.size["width"], plot.size["height"]
    drag = ActionChains(browser).move_to_element_with_offset(plot, 0, int(-height * 0.3)).click_and_hold()
    drag.move_by_offset(int(width * 0.1), 0).move_by_offset(int(width * 0.1), 0).release().perform()
    axis = "return document.querySelector('.st-key-channels .js-plotly-plot').layout.xaxis.range.map(Number)"
    low, high = until(lambda: browser.execute_script(axis), "the axis is zoomed")
    assert 100 < high - low < 2_500

    # The mouse tells the delta at a place, and shows the place on the map.
    ActionChains(browser).move_to_element_with_offset(plot, 20, int(-height * 0.3)).move_by_offset(3, 2).perform()
    told = until(lambda: _told(browser), "the cursor tells the delta")
    place = int(told[0].removesuffix(" m").replace(",", ""))
    said = next(line for line in told if line.startswith("B Delta"))
    first, second = laps
    expected = warehouse.query(
        f"select delta_s from marts.lap_deltas where session_id = '{second[0]}' and lap_number = {second[1]} "
        f"and reference_kind = 'asked' and reference_session_id = '{first[0]}' "
        f"and reference_lap_number = {first[1]} and distance_m = {place}"
    )
    assert float(said.rpartition(" ")[2].replace("\N{MINUS SIGN}", "-")) == pytest.approx(
        float(str(expected[0][0])), abs=0.0006
    )
    ring = browser.find_element(By.ID, "simrace-cursor")
    assert float(str(ring.get_attribute("cx"))) > 0
    save(browser, "lap_comparison_zoomed")

    pick(browser, "colour", "Speed")
    until(lambda: "colour=speed&" in f"{browser.current_url}&", "the filter stands in the address")
    ready(browser, "Lap comparison")
    was, tags = browser.current_url, _tags(browser)
    browser.refresh()
    ready(browser, "Lap comparison")
    plotted(browser, "channels")
    assert browser.current_url == was
    assert _tags(browser) == tags
    assert len(tags) == 2


def test_a_corner_is_zoomed_by_a_click_and_the_next_by_an_arrow(address: str, browser: Chrome) -> None:
    browser.get(f"{address}/laps")
    ready(browser, "Lap comparison")
    plotted(browser, "map")
    figure = browser.find_element(By.CSS_SELECTOR, ".st-key-map .js-plotly-plot")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
    x, y = browser.execute_script(
        "const map = arguments[0], axes = map._fullLayout, corners = map.data[1];"
        "return [axes.xaxis._offset + axes.xaxis.l2p(corners.x[2]), axes.yaxis._offset + axes.yaxis.l2p(corners.y[2])]",
        figure,
    )
    width, height = figure.size["width"], figure.size["height"]
    mouse = ActionChains(browser).move_to_element_with_offset(figure, int(x - width / 2), int(y - height / 2))
    mouse.pause(0.3).click().perform()
    until(lambda: "corner=3" in browser.current_url, "the corner stands in the address")
    ready(browser, "Lap comparison")
    browser.find_element(By.CSS_SELECTOR, ".st-key-corner input:checked").send_keys(Keys.ARROW_RIGHT)
    until(lambda: "corner=4" in browser.current_url, "an arrow leads to the next corner")
    ready(browser, "Lap comparison")
    save(browser, "lap_comparison_corner")
    printed = b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert printed.count(b"/Type /Page\n") > 1, "all of the page is printed"


def test_everything_is_reached_by_the_keyboard(address: str, browser: Chrome) -> None:
    browser.get(f"{address}/laps")
    ready(browser, "Lap comparison")
    plotted(browser, "channels")
    walked: list[str] = []
    for _ in range(90):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        place = browser.execute_script(
            "const at = document.activeElement.closest('[class*=st-key-]');"
            "return at ? [...at.classList].find(name => name.startsWith('st-key-')).slice(7) : ''"
        )
        if place and place not in walked:
            walked.append(place)
        if place == REACHED[-1]:
            break
    assert [place for place in walked if place in REACHED] == list(REACHED)


def test_two_laps_of_a_session_lead_to_their_comparison(address: str, browser: Chrome, warehouse: Warehouse) -> None:
    session_id = warehouse.query(
        "select session_id from marts.fct_laps group by 1 having min(is_trace_eligible::integer) = 1 and count(*) = 3 "
        "order by 1 limit 1"
    )[0][0]
    browser.get(f"{address}/session?session={session_id}")
    ready(browser, "Session")
    listed = until(
        lambda: browser.find_elements(By.CSS_SELECTOR, ".st-key-laps_of_session canvas"), "the laps are listed"
    )[0]
    for row in (1, 2):  # under the line of titles
        box = ActionChains(browser).move_to_element_with_offset(
            listed, int(20 - listed.size["width"] / 2), int(35 * row + 17 - listed.size["height"] / 2)
        )
        box.click().perform()
        ready(browser, "Session")
    click(lambda: browser.find_elements(By.PARTIAL_LINK_TEXT, "Compare laps"), "the two laps can be compared")
    ready(browser, "Lap comparison")
    assert len(re.findall(f"laps={session_id}", browser.current_url)) == 2


def test_a_first_picture_stands_in_until_the_figure_is_drawn(address: str, browser: Chrome) -> None:
    def picture() -> list[WebElement]:
        return browser.find_elements(By.CSS_SELECTOR, ".st-key-channels_place img")

    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/PlotlyChart.*"]})
    try:
        browser.get(f"{address}/laps")
        stands_in = until(picture, "the picture is there though the script of figures is not")[0]
        until(lambda: browser.execute_script("return arguments[0].naturalHeight", stands_in) > 0, "it can be drawn")
        assert stands_in.is_displayed()
        until(lambda: "PlotlyChart" in " ".join(console_errors(browser)), "the script of figures is missed")
    finally:
        browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    browser.refresh()
    drawn = plotted(browser, "channels")
    console_errors(browser)  # each figure missed the script, some a moment later
    until(lambda: drawn.is_displayed() and not picture()[0].is_displayed(), "the figure took the picture's place")
    pick(browser, "colour", "Speed")
    until(lambda: not picture(), "the picture is not sent again with every filter")
    assert plotted(browser, "channels").is_displayed()


def _told(browser: Chrome) -> list[str]:
    """Lines of the label at the cursor."""
    labels = browser.find_elements(By.CSS_SELECTOR, ".st-key-channels .hoverlayer .legendtext, "
                                   ".st-key-channels .hoverlayer .legendtitletext")  # fmt: skip
    lines = [str(each.text) for each in labels]
    return lines if any(line.startswith("B Delta") for line in lines) else []


def _tags(browser: Chrome) -> list[str]:
    tags = browser.find_elements(By.CSS_SELECTOR, ".st-key-laps .react-aria-ComboBox [data-tag]")
    return [str(tag.get_attribute("aria-label")) for tag in tags]


def test_an_open_page_shows_a_new_run(address: str, browser: Chrome, warehouse: Warehouse) -> None:
    browser.get(f"{address}/quality")
    ready(browser, "Data quality")
    metric = "[data-testid=stMetric]"
    before = until(lambda: [each.text for each in browser.find_elements(By.CSS_SELECTOR, metric)], "there are metrics")
    warehouse.query(
        "insert into ops.runs select 'a run for the page', command, 'failed', error, null, files_found, files_landed, "
        "files_already_landed, files_refused, bytes_landed, landing_s, dbt_s, started_at + interval '1 day', "
        "ended_at + interval '1 day' from ops.runs order by ended_at desc limit 1 returning 1"
    )
    try:
        until(
            lambda: any("failed" in each.text and "Last run" in each.text
                        for each in browser.find_elements(By.CSS_SELECTOR, metric)),
            "the page shows the new run by itself",
        )  # fmt: skip
    finally:
        warehouse.query("delete from ops.runs where run_id = 'a run for the page' returning 1")
    assert before
