"""How long until the dashboard shows laps of the warehouse at hand, in a Chromium that has seen nothing before.

    .venv/bin/python benchmarks/first_picture.py --times 5

It prints the seconds from opening the address until two laps are drawn: as the first picture, and as the figure that
answers to the mouse. The first visit after the dashboard's start has its own row; a reload has a warm cache.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium.webdriver.support.ui import WebDriverWait

from simrace.dashboard.command import is_free

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.browser import open_browser

PICTURE, FIGURE = ".st-key-channels_place img", ".st-key-channels .scatterlayer path"
# The page itself notes the times, because asking it again and again would disturb the measurement.
NOTE = """
const seen = window.seen = {}, look = () => {
  for (const [name, what] of %s)
    if (!(name in seen) && document.querySelector(what)) seen[name] = performance.now() / 1000;
};
new MutationObserver(look).observe(document, {childList: true, subtree: true});
"""
PATIENCE_S = 60


def visit(address: str) -> list[dict[str, float]]:
    """Open the dashboard and reload it.

    Args:
        address: Of the dashboard.

    Returns:
        Of both, seconds until the `picture` and the `figure` were there.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = open_browser(Path(profile))
        try:
            source = NOTE % [["picture", PICTURE], ["figure", FIGURE]]
            browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
            noted = []
            for go in (lambda: browser.get(address), browser.refresh):
                go()
                wait = WebDriverWait(browser, PATIENCE_S, poll_frequency=0.2)
                wait.until(lambda page: "figure" in page.execute_script("return window.seen"))
                noted.append(browser.execute_script("return window.seen"))
            return noted
        finally:
            browser.quit()


def main() -> None:
    """Start the dashboard, visit it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--port", type=int, default=8599)
    arguments = parser.parse_args()
    program = str(Path(sys.executable).with_name("simrace"))
    command = [program, "dashboard", "--no-browser", "--port", str(arguments.port)]
    server = subprocess.Popen(command, start_new_session=True)
    address = f"http://127.0.0.1:{arguments.port}"
    try:
        while is_free(arguments.port):
            if server.poll() is not None:
                sys.exit("The dashboard did not start.")
            time.sleep(0.2)
        first, *others = [visit(address) for _ in range(1 + arguments.times)]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    print("| visit | picture, s | figure, s |\n|---|---:|---:|")
    for name, visits in (
        ("the first after its start", [first[0]]),
        (f"{len(others)} new browsers, median", [fresh for fresh, _ in others]),
        ("reloads, median", [again for _, again in others]),
    ):
        picture, figure = (statistics.median(visit[what] for visit in visits) for what in ("picture", "figure"))
        print(f"| {name} | {picture:.2f} | {figure:.2f} |")


if __name__ == "__main__":
    main()
