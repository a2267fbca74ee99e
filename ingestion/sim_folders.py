"""Find what the sims wrote on this machine, in the folders that `sim_folders.toml` names and nowhere else."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from ingestion.formats.declarations import Entry, read_entries

DECLARED = Path(__file__).with_suffix(".toml")
LARGEST_LIST_BYTES = 1 << 20  # of Steam's list of libraries, which has a few kB
# For each kind of entry its keys, and those that it needs.
_KEYS: dict[str, tuple[dict[str, type], tuple[str, ...]]] = {
    "steam": ({"below": str, "folder": str}, ("below", "folder")),
    "documents": ({"folder": str}, ("folder",)),
    "sim": ({"title": str, "documents": str, "game": str, "steam_app": str, "files": list}, ("title", "files")),
}
# The path of a library, in today's form or in that of before 2021, which numbered them.
_LIBRARY = re.compile(r'"(?:path|\d+)"\s+"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class SimFolder:
    """A folder with files of a sim.

    Attributes:
        sim: Name of the sim, for people.
        folder: Where it is.
        files: How many files of the sim lie in it.
        bytes: Their size.
    """

    sim: str
    folder: Path
    files: int
    bytes: int


def find_sim_folders() -> list[SimFolder]:
    """The folders of the sims that hold files, in the order of the declaration. No link is followed out of them.

    Raises:
        DeclarationError: the declaration cannot be understood.
    """
    entries = read_entries(DECLARED)
    for entry in entries:
        _check(entry)
    # each once: on Linux, Steam has links to its own folder
    libraries = list(dict.fromkeys(_libraries(entry for entry in entries if entry.name == "steam")))
    documents = [Path(entry.values["folder"]) for entry in entries if entry.name == "documents"]
    found = []
    for entry in entries:
        if entry.name == "sim":
            for folder in _places(entry, documents, libraries):
                files, size = _measure(folder, entry.values["files"])
                if files:
                    found.append(SimFolder(entry.values["title"], folder, files, size))
    return found


def _check(entry: Entry) -> None:
    if entry.name not in _KEYS:
        raise entry.wrong(f"is not one of: {', '.join(_KEYS)}")
    entry.check(*_KEYS[entry.name])
    if entry.name == "sim" and ("documents" in entry.values) == ("game" in entry.values):
        raise entry.wrong("needs either documents or game")
    if entry.name == "steam" and entry.values["below"] not in ("home", "program_files"):
        raise entry.wrong("needs for below either home or program_files")
    for key in ("folder", "documents", "game"):
        path = PurePosixPath(entry.values.get(key, ""))
        if path.is_absolute() or ".." in path.parts:
            raise entry.wrong(f"needs for {key} a path that stays below, not {str(path)!r}")


def _places(sim: Entry, documents: list[Path], libraries: list[Path]) -> Iterator[Path]:
    """The folders of a sim that exist."""
    if game := sim.values.get("game"):
        yield from (place for library in libraries if (place := _inside(library, Path("steamapps/common", game))))
        return
    profiles = [(Path.home(), Path())]
    if app := sim.values.get("steam_app"):
        user = Path("steamapps/compatdata", app, "pfx/drive_c/users/steamuser")
        profiles += [(library, user) for library in libraries]
    for base, profile in profiles:
        for folder in documents:
            if place := _inside(base, profile / folder / sim.values["documents"]):
                yield place


def _libraries(steam: Iterator[Entry]) -> Iterator[Path]:
    """Steam's own folders and those that its list of libraries names, without links."""
    bases = {"home": str(Path.home()), "program_files": os.environ.get("PROGRAMFILES(X86)")}
    for entry in steam:
        if (base := bases[entry.values["below"]]) is None:
            continue
        root = Path(base, entry.values["folder"])
        for library in (root, *_listed(root / "steamapps" / "libraryfolders.vdf")):
            if real := _real(library):
                yield real


def _listed(file: Path) -> Iterator[Path]:
    try:
        with file.open("rb") as stream:
            text = stream.read(LARGEST_LIST_BYTES).decode("utf-8", "replace")
    except OSError:  # Steam is not here
        return
    for found in _LIBRARY.finditer(text):
        library = Path(re.sub(r"\\(.)", r"\1", found[1]))
        if library.is_absolute() and "\0" not in found[1]:
            yield library


def _inside(base: Path, below: Path) -> Path | None:
    """The folder below a base, if it is there and no link is on the way."""
    real_base = _real(base)
    folder = real_base and _real(real_base / below)
    return folder if real_base and folder == real_base / below else None


def _real(folder: Path) -> Path | None:
    """Where a folder is when all links are followed; None where there is none, or none that this user may enter."""
    try:
        real = folder.resolve(strict=True)
        return real if real.is_dir() else None
    except (OSError, RuntimeError):  # RuntimeError: links in a circle, before Python 3.13
        return None


def _measure(folder: Path, patterns: list[str]) -> tuple[int, int]:
    """Number and size of the files in a folder and those below it; links and hidden ones do not count."""
    sizes = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and any(fnmatch(name.lower(), pattern) for pattern in patterns):
                try:
                    status = Path(root, name).lstat()
                except OSError:  # gone meanwhile
                    continue
                if stat.S_ISREG(status.st_mode):
                    sizes.append(status.st_size)
    return len(sizes), sum(sizes)
