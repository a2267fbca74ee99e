"""A real Chromium for tests of pages, and what it tells of them: requests that left, errors of the console."""

import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

SWITCHES = (
    "--headless",
    "--no-sandbox",  # tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    # Chromium asks its maker for updates and experiments unless told not to; a request that leaves is then the page's.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
)
OWN_HOSTS = {"127.0.0.1", "localhost", "::1"}
NETWORK = {"http", "https", "ws", "wss", "ftp"}  # not data:, blob:, file: and what Chromium shows of itself
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # rules of axe; by their tag came those that are off by default


def find_browser() -> tuple[str, str]:
    """Where Chromium and its driver are; without them the test is skipped, in CI it fails."""
    programs = ("chromium", "chromedriver")
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} not found: install Debian's chromium and chromium-driver (make browser)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    chromium, driver = (str(shutil.which(name)) for name in programs)
    return chromium, driver


def open_browser(profile_folder: Path) -> webdriver.Chrome:
    """Start Chromium with a profile of its own; whoever opens it calls `quit`."""
    chromium, driver = find_browser()
    options = Options()
    options.binary_location = chromium
    for switch in (*SWITCHES, f"--user-data-dir={profile_folder}", "--window-size=1600,1000"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


def requests_that_left(driver: webdriver.Chrome) -> list[str]:
    """Addresses outside this machine that pages asked for since the last call."""
    asked = {
        address
        for entry in driver.get_log("performance")
        for address in _addresses(json.loads(entry["message"])["message"])
    }
    parts = {address: urlsplit(address) for address in asked}
    return sorted(
        address for address, part in parts.items() if part.scheme in NETWORK and part.hostname not in OWN_HOSTS
    )


def console_errors(driver: webdriver.Chrome) -> list[str]:
    """Errors that pages wrote to the console since the last call."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def serious_findings(driver: webdriver.Chrome, but: Collection[str] = ()) -> list[str]:
    """What axe finds serious or critical on the page, in light and dark, which differ in colours alone.

    Args:
        driver: Shows the page.
        but: Rules that are left out.
    """
    from axe_core_python import base

    if not driver.execute_script("return typeof axe === 'object'"):
        driver.execute_script(Path(base.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    found = []
    for scheme, rules in (("dark", {"runOnly": {"type": "rule", "values": OF_COLOURS}}), ("light", {})):
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        driver.execute_async_script("const done = arguments[0]; setTimeout(done, 200)")
        for rule in driver.execute_async_script(
            "const done = arguments[1];"
            "axe.run(document, {resultTypes: ['violations'], ...arguments[0]}).then(all => done(all.violations))",
            rules,
        ):
            if rule["impact"] in ("serious", "critical") and rule["id"] not in but:
                found += [f"{scheme}: {rule['id']}: {node['html'][:200]}" for node in rule["nodes"]]
    return found


def _addresses(event: dict[str, Any]) -> list[str]:
    match event["method"]:
        case "Network.requestWillBeSent":
            return [event["params"]["request"]["url"]]
        case "Network.webSocketCreated":
            return [event["params"]["url"]]
    return []
