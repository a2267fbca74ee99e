"""Files of a request, streamed to disk as they come."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header
from starlette.exceptions import HTTPException

from ingestion.outcomes import Outcome
from ingestion.settings import home_directory, make_home
from ingestion.sources import Recall, Source, open_as

FILES_AT_ONCE = 1_000
FIELD_BYTES = 100
NAME_CHARACTERS = 200
LEFT_BEHIND_S = 86_400.0


@dataclass(frozen=True)
class Upload:
    """A file that was pushed.

    Attributes:
        name: Name that the client gave, without folders.
        local: Where its bytes are until they are landed, with the client's time of change.
    """

    name: str
    local: Path

    @property
    def path(self) -> str:
        """Its path in raw: in the folder of uploads, where files do not stay."""
        return str(folder() / self.name)


def folder() -> Path:
    """The folder that uploads are received in."""
    return home_directory() / "uploads"


def prepare() -> None:
    """Make the folder, and clear what a killed server left there a day ago or earlier."""
    make_home()
    folder().mkdir(mode=0o700, exist_ok=True)
    for left in folder().glob(".*"):
        if left.stat().st_mtime < time.time() - LEFT_BEHIND_S:
            shutil.rmtree(left, ignore_errors=True)


async def receive(request: Request) -> tuple[Path, list[Upload]]:
    """Write the files of a form to a folder of their own.

    Args:
        request: Its body is multipart/form-data: files, each after a field `modified_at` if the client dates it.

    Returns:
        The folder, which the caller deletes, and the files in their order.

    Raises:
        HTTPException: the form cannot be read (400, 415, 422), or the disk is full (507).
    """
    content_type, parameters = parse_options_header(request.headers.get("content-type"))
    boundary = parameters.get(b"boundary")
    if content_type != b"multipart/form-data" or not boundary:
        raise HTTPException(415, "Send multipart/form-data, such as: curl -F files=@lap.csv")
    target = Path(tempfile.mkdtemp(prefix=".", dir=folder()))
    form = _Form()
    try:
        parser = FormParser(
            "multipart/form-data",
            form.on_field,
            form.on_file,
            form.on_end,
            boundary=boundary,
            config={"UPLOAD_DIR": str(target), "UPLOAD_DELETE_TMP": False, "MAX_MEMORY_FILE_SIZE": 0},
        )
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
        if not form.is_whole:  # else a file that was cut off would be passed over in silence
            raise FormParserError("it ends before its closing boundary")
        if not form.uploads:
            raise HTTPException(422, "There is no file in the form; send some as the field `files`.")
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise HTTPException(507, f"The upload cannot be kept: {error.strerror or error}") from error
        if isinstance(error, FormParserError):
            raise HTTPException(400, f"The form cannot be read: {error}") from error
        raise
    return target, form.uploads


class _Form:
    """Takes the parts of a form as they come in."""

    def __init__(self) -> None:
        self.uploads: list[Upload] = []
        self.is_whole = False
        self._modified_at: float | None = None

    def on_field(self, field: Field) -> None:
        name = (field.field_name or b"").decode("utf-8", "replace")
        if name != "modified_at":
            raise HTTPException(422, f"There is no field {name!r}: files are `files`, each after its `modified_at`.")
        text = (field.value or b"").decode("utf-8", "replace")
        try:
            given = datetime.fromisoformat(text)
            self._modified_at = (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise HTTPException(422, f"modified_at is no time such as 2026-01-31T18:30:00Z: {text[:40]!r}") from None

    def on_file(self, file: File) -> None:
        if len(self.uploads) == FILES_AT_ONCE:
            raise HTTPException(422, f"More than {FILES_AT_ONCE:,} files at once; pack them.")
        if file.in_memory:  # it is empty
            file.flush_to_disk()
        file.close()
        local = Path(os.fsdecode(file.actual_file_name or b""))
        if self._modified_at is not None:
            os.utime(local, (self._modified_at, self._modified_at))
            self._modified_at = None
        self.uploads.append(Upload(safe_name((file.file_name or b"").decode("utf-8", "replace")), local))

    def on_end(self) -> None:
        self.is_whole = True


def safe_name(name: str) -> str:
    """A client's file name, made safe: whatever it holds, it does not leave the folder."""
    last = name.replace("\\", "/").rpartition("/")[2]
    last = "".join(character for character in last if character.isprintable())[-NAME_CHARACTERS:].strip()
    return last if last.strip(".") else "unnamed"


def open_uploads(uploads: list[Upload], counts: list[int]) -> Callable[[Recall], Iterator[Source]]:
    """Give the files to landing, each time from the first.

    Args:
        uploads: The files.
        counts: Filled with how many files each of them was: an archive is as many as it holds.
    """

    def open_batch(_recall: Recall) -> Iterator[Source]:
        counts.clear()
        for upload in uploads:
            counts.append(0)
            for source in open_as(upload.local, upload.path, upload.name):
                counts[-1] += 1
                yield source

    return open_batch


def name_of(outcome: Outcome) -> str:
    """A file's name for the client; for a member of an archive, with the archive's name."""
    return Path(outcome.file_path).relative_to(folder()).as_posix()
