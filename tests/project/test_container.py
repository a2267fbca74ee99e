"""What the container is made of: its packages, its services, the rules and the pages of those that watch it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from simrace import __version__
from tests.conftest import ROOT

CONFIGURATION = ROOT / "container"


def _pins(name: str) -> dict[str, str]:
    """Each pin of a lock file with its hashes; for whom and with which extras it is wanted says nothing."""
    text = re.sub(r"\\\n|\[[\w,-]+\](?===)", "", (ROOT / name).read_text(encoding="utf-8"))
    pins = [re.split(r" (?=--hash)", line.replace("    ", " ")) for line in text.splitlines() if "==" in line]
    return {pin.partition(";")[0].strip(): "".join(hashes) for pin, *hashes in pins}


def test_what_runs_is_pinned_as_what_is_tested() -> None:
    """Of those packages, and with every one that the extras of a person need."""
    tested, run = _pins("requirements.lock"), _pins("requirements-run.lock")
    assert {name: pin for name, pin in run.items() if tested.get(name) != pin} == {}
    assert {"moto", "mypy", "pytest", "ruff", "sqlfluff"}.isdisjoint(name.partition("==")[0] for name in run)
    assert {"streamlit", "fastapi", "s3fs", "duckdb", "dbt-postgres"} <= {name.partition("==")[0] for name in run}


def test_services_are_of_this_version_and_open_nothing_but_frames() -> None:
    services = yaml.safe_load((ROOT / "compose.yml").read_text(encoding="utf-8"))["services"]
    ours = {name: each for name, each in services.items() if each["image"].startswith("simrace:")}
    assert {each["image"] for each in ours.values()} == {f"simrace:{__version__}"}
    for name, each in ours.items():
        assert (each["read_only"], each["cap_drop"], each["init"]) == (True, ["ALL"], True), name
    open_ports = [port for each in services.values() for port in each.get("ports", []) if "127.0.0.1" not in port]
    assert open_ports == ["5300:5300/udp"]


def test_no_password_is_written_down() -> None:
    for path in (ROOT / "compose.yml", *CONFIGURATION.rglob("*.yml")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.search(r"(?i)password|token", line.partition("#")[0]) and ":" in line:
                assert re.search(r"\$|secrets|token: |credentials_file", line), f"{path}: {line}"


@pytest.fixture(scope="module")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Prometheus' own, of the path; or of Debian's package, which is opened and not installed."""
    if found := shutil.which("promtool"):
        return found
    folder = tmp_path_factory.mktemp("prometheus")
    if shutil.which("apt-get") is None:
        pytest.skip("no promtool here")
    subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, capture_output=True, timeout=300, check=False)  # noqa: S607
    if not (package := next(folder.glob("*.deb"), None)):
        pytest.skip("no promtool here, and no registry within reach")
    subprocess.run(["dpkg", "-x", package, folder], check=True, timeout=60)  # noqa: S607
    return str(folder / "usr" / "bin" / "promtool")


@pytest.mark.slow
def test_prometheus_takes_the_rules_and_each_fires(promtool: str) -> None:
    for command in ("check rules rules.yml", "test rules rules_test.yml", "check config --syntax-only prometheus.yml"):
        done = subprocess.run(
            [promtool, *command.split()], cwd=CONFIGURATION / "prometheus", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    rules = yaml.safe_load((CONFIGURATION / "prometheus" / "rules.yml").read_text(encoding="utf-8"))["groups"][0][
        "rules"
    ]
    tests = yaml.safe_load((CONFIGURATION / "prometheus" / "rules_test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {test["alertname"] for test in tests[0]["alert_rule_test"] if test["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules}


@pytest.mark.slow
def test_compose_takes_the_services(tmp_path: Path) -> None:
    if not (compose := shutil.which("docker-compose")):
        pytest.skip("no docker-compose here")
    text = (ROOT / "compose.yml").read_text(encoding="utf-8")
    # docker-compose 1 knows no secret of a variable
    (tmp_path / "compose.yml").write_text(text.replace("{environment: SIMRACE_API_TOKEN}", "{file: ./token}"))
    asked = re.findall(r"\$\{(\w+):\?\}", text)
    (tmp_path / ".env").write_text("".join(f"{name}=x\n" for name in set(asked)))
    done = subprocess.run([compose, "config"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told = (ROOT / "docs" / "container.md").read_text(encoding="utf-8")
    assert all(f"{name}=..." in told for name in asked), "whoever starts it is told of each"


def test_every_panel_has_a_source_that_is_provisioned() -> None:
    sources = yaml.safe_load((CONFIGURATION / "grafana/provisioning/datasources/simrace.yml").read_text("utf-8"))
    known = {(each["type"], each["uid"]) for each in sources["datasources"]}
    panels = json.loads((CONFIGURATION / "grafana/dashboards/simrace.json").read_text(encoding="utf-8"))["panels"]
    for panel in panels:
        assert {(each["datasource"]["type"], each["datasource"]["uid"]) for each in panel["targets"]} <= known
    assert len({panel["id"] for panel in panels}) == len(panels)
