"""A process that stays parses the project once, and parses it anew when anything that it was made from has changed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt_common.clients.jinja import template_cache

from simrace.build import dbt
from simrace.build.dbt import BuildError, ParsedProject, run_dbt
from simrace.database.connection import ConnectionParameters
from tests.ingestion.test_landing import query

ROOT = Path(__file__).parents[2]
PROJECT = (
    "{name: simrace, version: '1.0', profile: simrace, model-paths: [models],"
    " flags: {send_anonymous_usage_stats: false}}"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one model, which dbt parses in a moment."""
    made = tmp_path / "project"
    (made / "models").mkdir(parents=True)
    (made / "dbt_project.yml").write_text(PROJECT)
    (made / "models" / "colours.sql").write_text('select \'{{ env_var("COLOUR", "red") }}\' as colour')
    shutil.copy(ROOT / "profiles.yml", made)
    monkeypatch.setenv("SIMRACE_PROJECT", str(made))
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    return made


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A word for each parse."""
    made: list[str] = []
    invoke: Callable[..., object] = dbt._invoke

    def invoke_and_tell(arguments: list[str], *rest: object) -> object:
        made.extend(word for word in arguments if word == "parse")
        return invoke(arguments, *rest)

    monkeypatch.setattr(dbt, "_invoke", invoke_and_tell)
    return made


def test_it_is_parsed_again_when_files_or_the_environment_have_changed(
    database: ConnectionParameters, project: Path, parses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed, model = ParsedProject(), project / "models" / "colours.sql"

    def colour(expected_parses: int) -> object:
        run_dbt(["run"], database, parsed=parsed)
        assert len(parses) == expected_parses
        return query(database, "select colour from marts.colours")[0][0]

    template_cache.clear()
    parsed.prepare(database)
    compiled = set(template_cache.file_cache)
    assert colour(1) == "red"
    assert set(template_cache.file_cache) == compiled
    assert colour(1) == "red"
    monkeypatch.setenv("COLOUR", "blue")
    assert colour(2) == "blue"
    text = model.read_text()
    model.write_text(text.replace("select", "choose"))
    with pytest.raises(BuildError, match='syntax error at or near "choose"'):
        colour(3)
    model.write_text("{{ nothing }")
    for number in (4, 5):  # what could not be parsed is not kept
        with pytest.raises(BuildError, match=r"dbt parse failed:\n.*colours") as told:
            colour(number)
    assert Path(str(told.value).rpartition("The details are in ")[2].removesuffix(".")).is_file()
    model.write_text(text)
    assert colour(6) == "blue"
    (project / "dbt_project.yml").write_text(f"{PROJECT[:-1]}, models: {{+schema: paints}}}}")
    run_dbt(["run"], database, parsed=parsed)
    assert query(database, "select colour from marts_paints.colours") == [("blue",)]
