"""The paths that `simrace run` was given before, into which it looks again."""

from pathlib import Path

from ingestion.settings import home_directory, make_home


def remembered_paths() -> list[str]:
    """Paths that an earlier run was given, in their order."""
    file = _paths_file()
    # A folder's name may hold any bytes, even what Python takes for the end of a line.
    text = file.read_text(encoding="utf-8", errors="surrogateescape") if file.exists() else ""
    return [path for path in text.split("\n") if path]


def remember_paths(paths: list[str]) -> None:
    """Keep paths for the next run without any."""
    make_home()
    file = _paths_file()
    file.touch()
    file.chmod(0o600)  # paths name people
    known = remembered_paths()
    added = [path for path in dict.fromkeys(paths) if path not in known]
    if added:
        file.write_text("\n".join([*known, *added]) + "\n", encoding="utf-8", errors="surrogateescape")


def _paths_file() -> Path:
    return home_directory() / "paths.txt"
