"""simrace as those have it who never saw the repository: installed by pip, on each Python that it supports."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from simrace.database.server_system import is_free
from tests.conftest import ROOT, Warehouse, own_server

pytestmark = pytest.mark.slow

VERSIONS = ("3.11", "3.12", "3.13")
OLDER = "ccb2dfb"  # the first commit of which a wheel is the whole product
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


def _wheel(source: Path, folder: Path) -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=source, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    return wheel


@contextmanager
def _environment(version: str) -> Iterator[Installed]:
    """Of a Python, with nothing in it."""
    if (python := _python(version)) is None:
        pytest.skip(f"no Python {version} here")
    # Not pytest's folder: as root the server runs as an ordinary user, who cannot enter it.
    folder = Path(tempfile.mkdtemp(prefix="simrace-installed-"))
    folder.chmod(0o711)
    made = Installed(python, folder)
    try:
        yield made
    finally:
        with suppress(AssertionError, OSError):
            made.run("simrace", "db", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _install(into: Installed, *what: str) -> None:
    """With its dependencies, from the registry that pip is set up for."""
    try:
        into.run("python", "-m", "pip", "install", "--quiet", *what)
    except AssertionError as error:
        if "No matching distribution" in str(error) or "connection" in str(error).lower():
            pytest.skip("no registry within reach")
        raise


@pytest.fixture(params=VERSIONS)
def installed(request: pytest.FixtureRequest) -> Iterator[Installed]:
    with _environment(request.param) as made:
        _install(made, f"{_wheel(ROOT, made.folder.parent / 'dist')}[dashboard]")
        yield made


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


def test_a_newer_wheel_takes_over_what_an_older_one_made() -> None:
    with _environment("3.12") as made:
        source = made.folder.parent / "older"
        source.mkdir()
        archive = subprocess.run(["git", "archive", OLDER], cwd=ROOT, capture_output=True, timeout=60, check=False)  # noqa: S607
        if archive.returncode:
            pytest.skip(f"a clone without its history: {OLDER} is not there")
        subprocess.run(["tar", "-x"], cwd=source, input=archive.stdout, check=True, timeout=60)  # noqa: S607
        _install(made, str(_wheel(source, made.folder.parent / "dist of then")))
        made.run("simrace", "sample", "--sessions", "2", "files")
        made.run("simrace", "run", "files")
        newer = str(_wheel(ROOT, made.folder.parent / "dist"))
        _install(made, "--force-reinstall", "--no-deps", newer)  # though both may have one version
        _install(made, newer)
        made.run("simrace", "run")
        assert "Nothing is new" in made.run("simrace", "run")
        taken_over = Warehouse(made.folder.parent, made.environment).checksums()
        made.run("simrace", "db", "stop")
        made.environment |= {**own_server(made.folder.parent), "SIMRACE_HOME": str(made.folder.parent / "other home")}
        made.run("simrace", "run", "files")
        clean = Warehouse(made.folder.parent, made.environment).checksums()
        assert {mart: (sums, clean[mart]) for mart, sums in taken_over.items() if sums != clean[mart]} == {}
        assert taken_over.keys() == clean.keys()


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
