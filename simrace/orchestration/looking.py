"""What there is to land: names for paths, and which files are new and at rest."""

import hashlib
import json
import re
from pathlib import Path

from ingestion.paths import expand
from ingestion.remote import is_remote, shown_address


def named(paths: tuple[str, ...]) -> dict[str, str]:
    """Paths by a name of letters and digits that Dagster takes; the same paths have the same names."""
    found: dict[str, str] = {}
    for path in paths:
        name = re.sub(r"[^A-Za-z0-9]+", "_", shown_address(path) if is_remote(path) else path).strip("_").lower()[-60:]
        taken = sum(each == name or each.startswith(f"{name}__") for each in found)
        found[f"{name or 'files'}__{taken}" if taken or not name else name] = path
    return found


def look(folders: list[str], cursor: str | None) -> tuple[str, str]:
    """Look for files that are new or changed and were the same at the last look, so that nobody is writing to them.

    Args:
        folders: Folders, files and globs.
        cursor: What the last look left; None at the first.

    Returns:
        What the next look is to be given, and a name for what is new and at rest; empty where nothing is. Both hold
        hashes of path, size and time of change, and no path.
    """
    before = json.loads(cursor) if cursor else {"moving": [], "told": []}
    told, moving = set(before["told"]), set(before["moving"])
    now = set()
    for path in expand(folders):
        if isinstance(path, Path) and path.is_file():
            status = path.stat()
            text = f"{path}\0{status.st_size}\0{status.st_mtime_ns}"
            now.add(hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16])
    resting = (now - told) & moving
    after = {"moving": sorted(now - told - resting), "told": sorted(told & now | resting)}
    found = hashlib.sha256("".join(sorted(resting)).encode()).hexdigest()[:16] if resting else ""
    return json.dumps(after, separators=(",", ":")), found
