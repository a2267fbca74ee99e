"""Links in documents lead somewhere, and lists in them are complete."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from simrace.cli.app import app
from tests.conftest import ROOT

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
)
SUFFIXES = {".md", ".py", ".sql", ".yml", ".toml"}
FILE_NAME = re.compile(
    r"(?<![\w/.])((?:docs|seeds|models|macros|tests|simrace|ingestion|analyses)/[\w/-]+\.(?:py|sql|md|csv|yml|toml))\b"
)
GENERIC_TEST = re.compile(r"{% test (\w+)\(model(.*?)\) %}", re.DOTALL)


def prose(path: Path) -> str:
    """The document without its code."""
    return re.sub(r"^(    |\t).*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(ROOT / document)):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / document.parent / name) if name else ROOT / document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_generic_tests_are_listed_with_their_arguments() -> None:
    lines = (ROOT / "tests/data/README.md").read_text(encoding="utf-8").splitlines()
    listed = {line.split("`")[1]: line.split("|")[2] for line in lines if line.startswith("| `")}
    found = {}
    for path in (ROOT / "tests/data/generic").glob("*.sql"):
        for name, arguments in GENERIC_TEST.findall(path.read_text(encoding="utf-8")):
            found[name] = {part.split("=")[0].strip() for part in arguments.split(",") if part.strip()} - {
                "column_name"
            }
    assert listed.keys() == found.keys()
    assert {
        name: arguments for name, arguments in found.items() if not all(f"`{a}`" in listed[name] for a in arguments)
    } == {}


def texts() -> list[Path]:
    """Documents, code and YAML: whatever names files and settings of the project. Changes name what is gone."""
    folders = ("models", "macros", "seeds", "simrace", "ingestion", "tests", "benchmarks", "analyses", "examples")
    inside = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES)
    above = (path for path in ROOT.iterdir() if path.suffix in SUFFIXES and path.name != "CHANGELOG.md")
    return [*above, *inside, *(ROOT / "docs").glob("*.md")]


def test_files_that_are_named_are_there() -> None:
    missing = {}
    for path in texts():
        named = set(FILE_NAME.findall((ROOT / path).read_text(encoding="utf-8")))
        if gone := sorted(name for name in named if not (ROOT / name).exists()):
            missing[str(path.relative_to(ROOT))] = gone
    assert missing == {}


def test_marts_that_documents_name_are_there() -> None:
    models = {path.stem for path in (ROOT / "models").rglob("*.sql")}
    named = {
        (str(document), name)
        for document in DOCUMENTS
        for name in re.findall(
            r"\b(?:marts|staging|intermediate)\.(\w+)", (ROOT / document).read_text(encoding="utf-8")
        )
    }
    assert {each for each in named if each[1] not in models} == set()


def test_settings_that_documents_name_are_read() -> None:
    """Passwords of the roles apart, whose names the code puts together."""
    code = "".join(path.read_text(encoding="utf-8") for path in texts() if path.suffix != ".md")
    named = {
        (str(document), name)
        for document in DOCUMENTS
        for name in re.findall(r"\bSIMRACE_\w+", (ROOT / document).read_text(encoding="utf-8"))
    }
    assert {each for each in named if each[1] not in code and not each[1].endswith("_PASSWORD")} == set()


def test_commands_that_documents_name_are_there() -> None:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    named = {
        (str(document), name)
        for document in DOCUMENTS
        for name in re.findall(
            r"(?:^    |`|bin/)simrace ([a-z][\w-]*)", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert len(named) > 20
    assert {each for each in named if each[1] not in command.commands} == set()
