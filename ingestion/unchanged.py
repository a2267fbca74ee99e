"""Remember what files held, so that a run reads only what has changed.

A file is known by its bytes alone. Like git, this module takes them as unchanged while size, inode and the times of
change (to the nanosecond) are the same; the time of the status cannot be set by hand. A file that was changed a moment
ago is not remembered, because another change could leave the same times. Of a file elsewhere it is size, etag and time.
Only the warehouse says whether bytes are landed or refused. A new version of simrace reads everything again.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ingestion.formats.declared import declaration_files
from ingestion.outcomes import Outcome, State
from ingestion.raw_tables import storable
from ingestion.reading import Reason, RefusedError
from ingestion.remote import Stamp
from ingestion.settings import home_directory, make_home
from ingestion.sources import Source
from ingestion.warehouse import Landed


class Memory:
    """What each path held, for one landing.

    Args:
        landed: What the warehouse has.
    """

    def __init__(self, landed: Landed) -> None:
        self._landed = landed
        self._kept = _read()
        self._noted: dict[str, dict[str, Any] | None] = {}

    def recall(self, path: str, stamp: Stamp) -> list[Source]:
        """The files at a path that is unchanged, if the warehouse knows all of them; else none."""
        kept = self._kept.get(path, {})
        if kept.get("stamp") != list(stamp):
            return []
        sources = [_source(path, *member) for member in kept["members"]]
        return sources if all(map(self._is_known, sources)) else []

    def _is_known(self, source: Source) -> bool:
        outcome, file_path = source.known, storable(source.file_path)
        if outcome is None or outcome.file_id is None or outcome.file_id in self._landed.forgotten:
            return False
        if outcome.refusal is None:
            is_news = self._landed.is_news(outcome.file_id, file_path, source.modified_at)
            return outcome.file_id in self._landed.file_ids and not is_news
        return self._landed.is_refused(outcome.file_id, file_path, outcome.refusal)

    def note(self, source: Source, outcome: Outcome) -> None:
        """Keep what became of a file. A path is kept with all its files or not at all."""
        if source.known:
            return
        is_kept = outcome.file_id and not (outcome.refusal and outcome.refusal.reason is Reason.FORGOTTEN)
        if source.stamp is None or not is_kept:
            self._noted[source.given] = None
        elif (noted := self._noted.setdefault(source.given, {"stamp": source.stamp, "members": []})) is not None:
            refusal = outcome.refusal and [str(outcome.refusal.reason), outcome.refusal.detail]
            noted["members"].append(
                [source.file_path, source.file_name, source.modified_at.isoformat(), outcome.file_id,
                 outcome.file_bytes, refusal, source.archive is not None]
            )  # fmt: skip

    def save(self) -> None:
        """Write it to disk; call this after the warehouse has the files."""
        if self._noted:
            _write({path: kept for path, kept in {**self._kept, **self._noted}.items() if kept})


def forget(file_ids: Iterable[str]) -> None:
    """Remove the paths of these contents."""
    gone = set(file_ids)
    kept = _read()
    left = {path: entry for path, entry in kept.items() if gone.isdisjoint(member[3] for member in entry["members"])}
    if len(left) < len(kept):
        _write(left)


def _source(
    path: str,
    file_path: str,
    file_name: str,
    modified_at: str,
    file_id: str,
    file_bytes: int,
    refusal: list[str] | None,
    is_member: bool,
) -> Source:
    error = RefusedError(Reason(refusal[0]), refusal[1]) if refusal else None
    state = State.REFUSED if error else State.ALREADY_LANDED
    outcome = Outcome(file_path, state, file_id, file_bytes, refusal=error)
    archive = path if is_member else None
    return Source(file_path, file_name, datetime.fromisoformat(modified_at), Path(path), archive=archive, known=outcome)


def _read() -> dict[str, Any]:
    """Stamp and members by path; nothing when another version wrote the file, or it is damaged."""
    try:
        document = json.loads(_file().read_bytes())
        return dict(document["paths"]) if document["version"] == _version() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(paths: dict[str, Any]) -> None:
    """Replace the file. A full disk is no error here: the next run only takes longer."""
    unfinished = _file().with_suffix(".part")
    try:
        make_home()
        unfinished.touch(mode=0o600)  # paths name people
        unfinished.write_text(json.dumps({"version": _version(), "paths": paths}), encoding="utf-8")
        unfinished.replace(_file())
    except OSError:
        unfinished.unlink(missing_ok=True)


def _version() -> str:
    """A hash of what reads files, because other code or declarations may take what these refused."""
    digest = hashlib.sha256(_code())
    for file in declaration_files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


@cache
def _code() -> bytes:
    digest = hashlib.sha256()
    for file in sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".toml")):
        digest.update(file.read_bytes())
    return digest.digest()


def _file() -> Path:
    return home_directory() / "known_files.json"
