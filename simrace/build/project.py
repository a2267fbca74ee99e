"""The dbt project: where it is, the one that the package carries, and copies of it that people change."""

import difflib
import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from ingestion.errors import ReadableError
from ingestion.settings import home_directory

PROJECT_VARIABLE = "SIMRACE_PROJECT"
# What `simrace init` wrote, by which a later version knows what was changed since and by whom.
WRITTEN = ".simrace.json"
_PACKAGED = Path(__file__).parents[1] / "project"
_CHECKOUT = Path(__file__).parents[2]
_NAMED = re.compile(r"^\W*name\W{1,4}simrace\b", re.MULTILINE)


class ProjectError(ReadableError):
    """There is no project to work with; the text says where it was looked for, and the way out."""


class Change(StrEnum):
    """How a file of a copy differs from the package's."""

    YOURS = "changed here"
    OURS = "changed in the package"
    BOTH = "changed here and in the package"


@dataclass(frozen=True)
class Difference:
    """A file of a copy that is not as in the package.

    Attributes:
        name: Its path in the project, with slashes.
        change: Who changed it since it was written.
        lines: What would make the copy's like the package's, as a unified diff.
    """

    name: str
    change: Change
    lines: list[str]


def project_directory() -> Path:
    """The folder with dbt_project.yml: SIMRACE_PROJECT, else this folder or one above it, else the package's own.

    Raises:
        ProjectError: SIMRACE_PROJECT names a folder without one.
    """
    if named := os.environ.get(PROJECT_VARIABLE):
        if (Path(named) / "dbt_project.yml").is_file():
            return Path(named).absolute()
        raise ProjectError(f"There is no dbt_project.yml in {named}. Put {PROJECT_VARIABLE} right, or unset it.")
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if _is_ours(folder)), packaged_project())


def packaged_project() -> Path:
    """The project as this version of simrace has it, which nothing is written to.

    Raises:
        ProjectError: the package is not whole.
    """
    for folder in (_PACKAGED, _CHECKOUT):
        if _is_ours(folder):
            return folder
    raise ProjectError(f"simrace is not whole: {_PACKAGED} is missing. Install it again.")


def working_directory(project: Path) -> Path:
    """The folder in which dbt keeps `target` and `logs`: the project, or the home for the package's own.

    Args:
        project: Folder with dbt_project.yml.
    """
    return home_directory() if project == _PACKAGED else project


def write_project(folder: Path) -> int:
    """Write the project out, to be changed.

    Args:
        folder: Where to; it is made if it is missing.

    Returns:
        Number of files.

    Raises:
        ProjectError: something of a project is there already.
    """
    files = _files(packaged_project())
    if taken := sorted({name.split("/")[0] for name in files if (folder / name.split("/")[0]).exists()}):
        raise ProjectError(f"{folder} has {', '.join(taken)} already. Name a new folder, or see its --diff.")
    for name, file in files.items():
        _copy(file, folder / name)
    _remember(folder, _digests(files))
    return len(files)


def is_behind(folder: Path) -> bool:
    """Whether a folder is a copy that was written from another version of the package than this.

    Args:
        folder: Folder with dbt_project.yml.
    """
    return (folder / WRITTEN).is_file() and _written(folder) != _digests(_files(packaged_project()))


def differences(folder: Path) -> list[Difference]:
    """The files of a copy that are not as in the package, by name.

    Args:
        folder: Where the copy was written to.

    Raises:
        ProjectError: the folder is no copy.
    """
    written, ours, theirs = _written(folder), _files(packaged_project()), _files(folder)
    is_as_written = _digests(theirs)
    told = []
    for name in sorted(written.keys() | ours.keys() | theirs.keys()):
        new, old = (_text(files.get(name)) for files in (ours, theirs))
        if new != old:
            by_us = _digests(ours).get(name) != written.get(name)
            by_them = is_as_written.get(name) != written.get(name)
            change = Change.BOTH if by_us and by_them else Change.OURS if by_us else Change.YOURS
            lines = difflib.unified_diff(old, new, f"{folder.name}/{name}", f"simrace/{name}", lineterm="")
            told.append(Difference(name, change, list(lines)))
    return told


def update(folder: Path) -> list[Difference]:
    """Take the package's files into a copy where nobody changed them, and remember what was written.

    Args:
        folder: Where the copy was written to.

    Returns:
        What both changed, which stays as it is and is for people to bring together.

    Raises:
        ProjectError: the folder is no copy.
    """
    ours = _files(packaged_project())
    found = differences(folder)
    for each in found:
        if each.change is Change.OURS and each.name in ours:
            _copy(ours[each.name], folder / each.name)
        elif each.change is Change.OURS:
            (folder / each.name).unlink()
    _remember(folder, _digests(ours))
    return [each for each in found if each.change is Change.BOTH]


def _is_ours(folder: Path) -> bool:
    """Whether a folder has this project; those who model with dbt have others around."""
    file = folder / "dbt_project.yml"
    return file.is_file() and bool(_NAMED.search(file.read_text(encoding="utf-8", errors="replace")))


def _files(project: Path) -> dict[str, Path]:
    """The files of a project, by their path in it."""
    return {file.relative_to(project).as_posix(): file for part in _parts() for file in _below(project / part)}


@cache
def _parts() -> tuple[str, ...]:
    if packaged_project() == _PACKAGED:
        return tuple("/".join(part) for part in _tops(_PACKAGED))
    described = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return tuple(described["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["project"])


def _tops(folder: Path) -> Iterator[tuple[str, ...]]:
    for entry in sorted(folder.iterdir()):
        if entry.name == "tests":  # of which a folder of people's own may hold more
            yield from (("tests", each.name) for each in sorted(entry.iterdir()))
        else:
            yield (entry.name,)


def _below(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    yield from (file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith("."))


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)  # not its rights: what a package manager installed may be read-only


def _digests(files: dict[str, Path]) -> dict[str, str]:
    """A hash of each file, whatever its line ends: git on Windows changes them."""
    return {
        name: hashlib.sha256("\n".join(_text(file)).encode(errors="surrogateescape")).hexdigest()
        for name, file in files.items()
    }


def _text(file: Path | None) -> list[str]:
    return [] if file is None else file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()


def _remember(folder: Path, digests: dict[str, str]) -> None:
    (folder / WRITTEN).write_text(json.dumps(digests, indent=0) + "\n", encoding="utf-8")


def _written(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / WRITTEN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ProjectError(
            f"{folder} is no copy that `simrace init` wrote: {WRITTEN} is missing or damaged. Name another."
        ) from error
