"""simrace as those have it who never saw the repository: installed by pip, on each Python that it supports."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from simrace.database.server_system import is_free
from tests.conftest import ROOT, own_server

pytestmark = pytest.mark.slow

VERSIONS = ("3.11", "3.12", "3.13")
NOBODYS = ("SIMRACE_", "PG", "DBT_", "PYTHON")


def _python(version: str) -> str | None:
    """A Python of this version: of the path, or one that pyenv keeps."""
    kept = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for found in (shutil.which(f"python{version}"), *map(str, kept)):
        told = found and subprocess.run([found, "-c", "import ssl"], capture_output=True, check=False)
        if told and told.returncode == 0:
            return found
    return None


class Installed:
    """A virtual environment with simrace, and a folder and a home that nothing was ever run in."""

    def __init__(self, python: str, folder: Path) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(NOBODYS)}
        self.bin, self.folder = folder / "env" / "bin", folder / "any folder"
        self.environment = {**kept, **own_server(folder), "SIMRACE_HOME": str(folder / "home")}
        self.environment["PATH"] = f"{self.bin}:{os.environ['PATH']}"
        self.folder.mkdir()
        subprocess.run([python, "-m", "venv", folder / "env"], check=True, timeout=120)

    def run(self, *command: str | Path, folder: Path | None = None) -> str:
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=1_200,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


@pytest.fixture(params=VERSIONS)
def installed(request: pytest.FixtureRequest) -> Iterator[Installed]:
    """The wheel with its dependencies, from the registry that pip is set up for."""
    if (python := _python(request.param)) is None:
        pytest.skip(f"no Python {request.param} here")
    # Not pytest's folder: as root the server runs as an ordinary user, who cannot enter it.
    folder = Path(tempfile.mkdtemp(prefix="simrace-installed-"))
    folder.chmod(0o711)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder / "dist"]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    made = Installed(python, folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    try:
        made.run("python", "-m", "pip", "install", "--quiet", f"{wheel}[dashboard]")
    except AssertionError as error:
        if "No matching distribution" in str(error) or "connection" in str(error).lower():
            pytest.skip("no registry within reach")
        raise
    yield made
    with suppress(AssertionError):
        made.run("simrace", "db", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def test_an_install_is_all_it_takes(installed: Installed) -> None:
    installed.run("simrace", "sample", "--sessions", "2", "files")
    said = installed.run("simrace", "run", "files")
    assert "Open the dashboard: simrace dashboard" in said
    assert "Nothing is new" in installed.run("simrace", "run")
    assert "files landed" in installed.run("simrace", "status")
    assert sorted(path.name for path in installed.folder.iterdir()) == ["files"], "nothing is written where it is run"
    _see_dashboard(installed)
    installed.run("simrace", "init", "mine")
    installed.run("dbt", "build", "--select", "fct_laps", folder=installed.folder / "mine")
    assert (installed.folder / "mine" / "target" / "manifest.json").is_file()


def _see_dashboard(installed: Installed) -> None:
    port = next(port for port in range(18_501, 19_000) if is_free(port))
    server = subprocess.Popen(
        [installed.bin / "simrace", "dashboard", "--no-browser", "--port", str(port)],
        cwd=installed.folder,
        env=installed.environment,
    )
    try:
        until = time.monotonic() + 60
        while is_free(port) and time.monotonic() < until:
            time.sleep(0.2)
        with closing(urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30)) as page:
            assert b"<title>" in page.read()
    finally:
        server.terminate()
        server.wait(30)
