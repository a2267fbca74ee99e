"""One version number; a wheel and an sdist that hold all that simrace needs, where there is no clone."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from simrace import __version__
from simrace.build import project
from simrace.build.project import Change, ProjectError
from simrace.cli.app import app

ROOT = Path(__file__).parents[2]
PARTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"][
    "hooks"
]["custom"]["project"]
NOBODYS = ("SIMRACE_", "PG", "DBT_", "PYTHON")


def test_the_version_is_said_once() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"simrace {__version__}\n"
    assert yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["version"] == __version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest and newest[1] == __version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of the sdist, as those do who package it."""
    folder = tmp_path_factory.mktemp("dist")
    _build(ROOT, "sdist", folder)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    _build(unpacked, "wheel", folder)
    return next(folder.glob("*.whl"))


def _build(source: Path, target: str, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)


def test_the_wheel_claims_two_names(wheel: Path) -> None:
    names = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert names == {"ingestion", "simrace", f"simrace-{__version__}.dist-info"}


def test_the_wheel_has_every_file_of_the_project_and_of_the_packages(wheel: Path) -> None:
    tracked = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wanted = set()
    for name in tracked.stdout.split("\0"):
        if name.startswith(("ingestion/", "simrace/")):
            wanted.add(name)
        elif any(name == part or name.startswith(f"{part}/") for part in PARTS):
            wanted.add(f"simrace/project/{name}")
    named = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert wanted - named == set()
    assert {name for name in named - wanted if not (ROOT / name.removeprefix("simrace/project/")).exists()} == set()


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the wheel is installed and no clone is: what others made is taken from here, simrace is not.

    The folder of our packages is named in a file of paths, and such files in that folder, by which an editable
    install leads to the clone, are not read.
    """
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "env", symlinks=True)
    python = folder / "env" / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env")}))
    zipfile.ZipFile(wheel).extractall(site)  # noqa: S202 - it is ours
    (site / "others.pth").write_text(sysconfig.get_path("purelib"))
    (folder / "anywhere").mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(NOBODYS)}
    return {**kept, "SIMRACE_HOME": str(folder / "home"), "PWD": str(folder / "anywhere"), "PYTHON": str(python)}


def _ask(bare: dict[str, str], code: str, folder: str | None = None) -> str:
    command = [bare["PYTHON"], "-c", code]
    done = subprocess.run(command, env=bare, cwd=folder or bare["PWD"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


COMMAND = "import sys; sys.argv[0] = 'simrace'; from simrace.cli.app import app; app()"
WHERE = "from simrace.build.project import project_directory; print(project_directory())"


def test_an_installed_simrace_has_a_project_of_its_own_and_uses_a_copy_where_there_is_one(bare: dict[str, str]) -> None:
    assert _ask(bare, WHERE).endswith("/simrace/project")
    said = _ask(bare, COMMAND.replace("app()", "app(['init', 'mine'])"))
    assert "files are in mine" in said
    copy = f"{bare['PWD']}/mine"
    assert _ask(bare, WHERE, copy) == copy
    assert _ask(bare, COMMAND.replace("app()", "app(['init', '--diff'])"), copy) == "The copy is as the package has it."


def test_dbt_takes_the_installed_project_and_writes_nothing_into_it(bare: dict[str, str]) -> None:
    code = """if True:
        from pathlib import Path
        from simrace.build.dbt import ParsedProject, set_for_dbt
        from simrace.build.project import project_directory
        from simrace.database.connection import ConnectionParameters
        from simrace.database.settings import DEFAULTS
        project = project_directory()
        before = sorted(project.rglob("*"))
        nowhere = ConnectionParameters({**DEFAULTS, "host": "127.0.0.1", "user": "x", "dbname": "x"})
        with set_for_dbt(nowhere, project):
            manifest = ParsedProject().manifest(project)
        assert before == sorted(project.rglob("*"))
        print(len(manifest.nodes))
    """
    assert int(_ask(bare, code)) > 500
    home = Path(bare["SIMRACE_HOME"])
    assert (home / "target" / "partial_parse.msgpack").is_file()
    assert (home / "logs" / "dbt.log").is_file()


# Copies


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package whose project a test may change, as an upgrade does."""
    packaged = tmp_path / "package"
    (packaged / "models").mkdir(parents=True)
    (packaged / "tests" / "data").mkdir(parents=True)
    (packaged / "dbt_project.yml").write_text("name: simrace\n")
    for name in ("laps", "races", "drivers"):
        (packaged / "models" / f"{name}.sql").write_text(f"select 1 as {name}\n")
    (packaged / "tests" / "data" / "one.sql").write_text("select 1\n")
    monkeypatch.setattr(project, "_PACKAGED", packaged)
    project._parts.cache_clear()
    yield packaged
    project._parts.cache_clear()


def test_a_copy_says_who_changed_what(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert project.write_project(copy) == 5
    assert project.differences(copy) == []
    assert not project.is_behind(copy)
    (copy / "models" / "laps.sql").write_text("select 2 as laps\n")
    (copy / "models" / "mine.sql").write_text("select 1 as mine\n")
    (copy / "target").mkdir()  # what dbt writes is nobody's change
    (copy / "target" / "manifest.json").write_text("{}")
    assert not project.is_behind(copy), "what people change is no reason to tell them so"
    (package / "models" / "races.sql").write_text("select 2 as races\n")
    (package / "models" / "laps.sql").write_text("select 3 as laps\n")
    (package / "models" / "new.sql").write_text("select 1 as new\n")
    (package / "models" / "drivers.sql").unlink()
    assert project.is_behind(copy)
    told = {Path(each.name).name: each.change for each in project.differences(copy)}
    assert told == {
        "drivers.sql": Change.OURS,
        "laps.sql": Change.BOTH,
        "mine.sql": Change.YOURS,
        "new.sql": Change.OURS,
        "races.sql": Change.OURS,
    }
    lines = next(each.lines for each in project.differences(copy) if each.name.endswith("/races.sql"))
    assert lines[-2:] == ["-select 1 as races", "+select 2 as races"]


def test_an_update_leaves_what_people_changed(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    project.write_project(copy)
    (copy / "models" / "laps.sql").write_text("select 2 as laps\n")
    (copy / "models" / "mine.sql").write_text("select 1 as mine\n")
    (package / "models" / "races.sql").write_text("select 2 as races\n")
    (package / "models" / "laps.sql").write_text("select 3 as laps\n")
    (package / "models" / "new.sql").write_text("select 1 as new\n")
    (package / "models" / "drivers.sql").unlink()
    assert [Path(each.name).name for each in project.update(copy)] == ["laps.sql"]
    models = {file.name: file.read_text() for file in (copy / "models").iterdir()}
    assert models == {
        "laps.sql": "select 2 as laps\n",
        "mine.sql": "select 1 as mine\n",
        "new.sql": "select 1 as new\n",
        "races.sql": "select 2 as races\n",
    }
    assert not project.is_behind(copy)
    assert {Path(each.name).name: each.change for each in project.differences(copy)} == {
        "laps.sql": Change.YOURS,
        "mine.sql": Change.YOURS,
    }


def test_line_ends_of_windows_are_no_change(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    project.write_project(copy)
    for file in copy.rglob("*.sql"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert project.differences(copy) == []


def test_a_folder_that_is_something_else_is_left_alone(package: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "models").mkdir()
    with pytest.raises(ProjectError, match="has models already"):
        project.write_project(other)
    with pytest.raises(ProjectError, match="no copy"):
        project.differences(other)
    (other / project.WRITTEN).write_text("[1")
    with pytest.raises(ProjectError, match="damaged"):
        project.update(other)


@pytest.mark.parametrize("text", ["name: shop\n", "{name: simrace_of_others}\n", ""])
def test_a_project_of_others_is_not_taken(
    text: str, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "dbt_project.yml").write_text(text)
    monkeypatch.chdir(other)
    monkeypatch.delenv("SIMRACE_PROJECT", raising=False)
    assert project.project_directory() == package
    (other / "dbt_project.yml").write_text('{"name": "simrace"}\n')
    assert project.project_directory() == other
    monkeypatch.setenv("SIMRACE_PROJECT", str(tmp_path))
    with pytest.raises(ProjectError, match="Put SIMRACE_PROJECT right"):
        project.project_directory()
