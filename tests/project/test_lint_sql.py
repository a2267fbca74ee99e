"""A file that passed the linter is linted again as soon as anything that it was judged by is another."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig

from tests.conftest import ROOT
from tests.lint_sql import lint

GOOD = "select {{ column }}\nfrom laps\n"


def settings(folder: Path, column: str = "lap_number", policy: str = "lower") -> FluffConfig:
    file = folder / f"{column} {policy}.cfg"  # sqlfluff reads a file once
    file.write_text(
        "[sqlfluff]\ndialect = postgres\ntemplater = jinja\nrules = capitalisation.keywords\n"
        f"[sqlfluff:rules:capitalisation.keywords]\ncapitalisation_policy = {policy}\n"
        f"[sqlfluff:templater:jinja:context]\ncolumn = {column}\n",
        encoding="utf-8",
    )
    return FluffConfig.from_root(extra_config_path=str(file), ignore_local_config=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.sql").write_text(GOOD, encoding="utf-8")
    return tmp_path


def due(said: str) -> int:
    return int(said.split()[0])


def test_what_passed_is_not_linted_again_until_something_changes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def linted(config: FluffConfig) -> int:
        lint(config, [folder], known, 1)
        return due(capsys.readouterr().out)

    passed, wrong = lint(settings(folder), [folder], set(), 1)
    assert (len(passed), wrong, due(capsys.readouterr().out)) == (1, [], 1)
    known = set(passed)
    assert linted(settings(folder)) == 0
    assert linted(settings(folder, column="lap_time_s")) == 1, "a macro or a var"
    assert linted(settings(folder, policy="upper")) == 1, "a rule"
    (folder / "good.sql").write_text(GOOD + "\n", encoding="utf-8")
    assert linted(settings(folder)) == 1, "the text"
    (folder / "good.sql").write_text(GOOD, encoding="utf-8")
    assert linted(settings(folder)) == 0
    monkeypatch.setattr(importlib.metadata, "version", lambda package: "another")
    assert linted(settings(folder)) == 1, "the linter"


def test_what_does_not_pass_is_never_known(folder: Path) -> None:
    (folder / "wrong.sql").write_text("SELECT lap_number\nfrom laps\n", encoding="utf-8")
    (folder / "broken.sql").write_text("select {{ nothing() }}\n", encoding="utf-8")
    passed, _ = lint(settings(folder), [folder], set(), 1)
    assert [line.split()[0] for line in passed] == [str(folder / "good.sql")]
    for known in (set(), set(passed)):
        again, wrong = lint(settings(folder), [folder], known, 1)
        assert again == passed
        assert {said.partition(":")[0] for said in wrong} == {
            str(folder / f"{name}.sql") for name in ("wrong", "broken")
        }


@pytest.mark.slow
def test_what_is_known_to_pass_does() -> None:
    """No line of the list is believed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.lint_sql", "--all"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
