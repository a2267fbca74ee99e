"""Files elsewhere: objects of S3 (and what fsspec reaches like it), and files of a web server.

They are listed with size, etag and time of change, by which those that are known are not fetched again, and fetched one
at a time, streamed to disk. A transfer counts when all bytes came and the object is still the one that was listed.
"""

import errno
import glob
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from ingestion.reading import Reason, RefusedError

# What reads each kind of address, and what to install for it.
_READERS = {
    "s3": "simrace[s3]",
    "http": "simrace[s3]",
    "https": "simrace[s3]",
    "gs": "simrace[gs]",
    "az": "simrace[az]",
}
CHUNK_BYTES = 8 << 20
PART_BYTES = 16 << 20
ATTEMPTS = 3
FIRST_WAIT_S = 0.5
MAX_TOLD = 200
_CHANGED = "it was written to while it was read; land it again later"  # as landing says it of a path here
Stamp = tuple[int | str, ...]
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class RemoteFile:
    """A file elsewhere, as it was listed.

    Attributes:
        url: Its address as people see it: without a password, and without a query, which may be a signature.
        address: Its address in full.
        size: Bytes; None when nobody says.
        modified_at: When it was last changed (UTC); 1970 when nobody says.
        stamp: What changes when it changes; None when nothing does.
        problem: Why it cannot be had; None when it can.
    """

    url: str
    address: str
    size: int | None = None
    modified_at: datetime = _NEVER
    stamp: Stamp | None = None
    problem: RefusedError | None = None

    def __str__(self) -> str:
        """The address as people see it."""
        return self.url

    @property
    def name(self) -> str:
        """Last part of the path."""
        path = urlsplit(self.url).path if self.url.startswith("http") else self.url
        return PurePosixPath(unquote(path) if self.url.startswith("http") else path).name


def is_remote(name: str) -> bool:
    """Whether a name is an address; `C:` is none."""
    return name.partition("://")[0].lower() in _READERS and "://" in name


def shown_address(address: str) -> str:
    """An address without what may be a secret: user, password, query."""
    if not address.lower().startswith("http"):
        return address
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def list_files(address: str) -> list[RemoteFile]:
    """The files at an address, below a prefix or of a pattern, by name.

    What cannot be listed is one file with a problem, as a path that is not there is.
    """
    try:
        files, _ = _filesystem(address)
        files.invalidate_cache()
        found = list(_found(files, address))
    except Exception as error:  # each reader has errors of its own
        return [_refused(address, _problem(error, address))]
    return sorted(found, key=lambda each: each.url)


def fetch(file: RemoteFile, local: Path) -> RemoteFile:
    """Copy a file's bytes to disk, and say what it was then.

    Args:
        file: As it was listed.
        local: Where to; it is replaced.

    Raises:
        RefusedError: unreadable; the text says whether it was cut off, changed meanwhile, or may not be read.
        OSError: this disk does not take it.
    """
    for attempt in range(1, ATTEMPTS + 1):
        target = _Target(local)
        try:
            return _fetch(file, target)
        except Exception as error:  # each reader has errors of its own
            if target.fault:
                raise target.fault from None
            problem = _problem(error, file.address)
            if attempt == ATTEMPTS or isinstance(error, PermissionError | FileNotFoundError):
                raise problem from None
        time.sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
        now = list_files(file.address)  # it may be another one by now
        file = now[0] if len(now) == 1 and now[0].problem is None else file
    raise AssertionError("the last attempt returns or raises")


def send(file: Path, address: str) -> str:
    """Write a file to an address, in place of what is there; return why that cannot be done, if so.

    Args:
        file: On this disk.
        address: Of an object; a web server takes none.
    """
    if address.lower().startswith("http"):
        return "a web server takes no files"
    try:
        files, path = _filesystem(address)
        # in parts of a bounded size, of which the store makes an object when the last has come
        parts = {"chunksize": PART_BYTES, "max_concurrency": 2} if address.lower().startswith("s3:") else {}
        files.put_file(str(file), path, **parts)
        files.invalidate_cache()
        if (there := int(files.info(path)["size"])) != (size := file.stat().st_size):
            return f"only {there:,} of {size:,} bytes are there"
    except Exception as error:  # each reader has errors of its own
        return _problem(error, address).detail
    return ""


def remove(address: str) -> str:
    """Delete an object; return why that cannot be done, if so."""
    try:
        files, path = _filesystem(address)
        files.rm_file(path)
    except Exception as error:  # each reader has errors of its own
        return _problem(error, address).detail
    return ""


class _Target:
    """A file of this disk, whose faults are not taken for those of the other side."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.fault: OSError | None = None

    def __enter__(self) -> Self:
        with self._noted():
            self._file = self._path.open("wb")
        return self

    def write(self, chunk: bytes) -> None:
        with self._noted():
            self._file.write(chunk)

    def __exit__(self, *_: object) -> None:
        with self._noted():
            self._file.close()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.fault = error
            raise


def _fetch(file: RemoteFile, target: _Target) -> RemoteFile:
    files, path = _filesystem(file.address)
    copied = 0
    with target, files.open(path, "rb", block_size=CHUNK_BYTES, cache_type="readahead") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            target.write(chunk)
            copied += len(chunk)
    if file.size is not None and copied != file.size:
        raise OSError(f"cut off after {copied:,} of {file.size:,} bytes")
    files.invalidate_cache()
    now = _described(file.address, files.info(path))
    if now.stamp != file.stamp:
        raise RefusedError(Reason.UNREADABLE, _CHANGED)
    return now


def _filesystem(address: str) -> tuple[Any, str]:
    """What reads an address, and the path that it knows it by."""
    from fsspec.core import url_to_fs  # here, because most runs need none of it

    options: dict[str, object] = {}
    if address.lower().startswith("http"):
        from aiohttp import ClientTimeout

        # a long file may take as long as it likes, as long as something comes
        options["client_kwargs"] = {"timeout": ClientTimeout(total=None, sock_connect=30, sock_read=60)}
    files, path = url_to_fs(address, **options)
    return files, str(path)


def _found(files: Any, address: str) -> Iterator[RemoteFile]:
    scheme, path = address.partition("://")[0].lower(), str(files._strip_protocol(address))
    if scheme.startswith("http"):
        yield _described(address, files.info(address))
        return
    try:
        infos = [files.info(path)]
    except FileNotFoundError:
        if not glob.has_magic(path):
            raise
        infos = list(files.glob(path, detail=True).values())
        path = re.split(r"[*?\[]", path)[0].rpartition("/")[0]
    for info in infos:
        below = files.find(info["name"], detail=True).values() if info["type"] == "directory" else [info]
        for each in below:
            name = str(each["name"])
            parts = name.removeprefix(path).split("/")  # a hidden one may be named, and does not count otherwise
            if each["type"] == "file" and not name.endswith("/") and not any(part.startswith(".") for part in parts):
                yield _described(f"{scheme}://{name}", each)


def _described(address: str, info: dict[str, Any]) -> RemoteFile:
    tag = next((info[name] for name in ("ETag", "etag", "md5Hash", "Content-MD5") if info.get(name)), None)
    names = ("LastModified", "updated", "last_modified", "Last-Modified")
    changed = _time(next((info[name] for name in names if info.get(name)), None))
    size = None if info.get("size") is None else int(info["size"])
    is_known = tag is not None or changed is not None
    return RemoteFile(
        shown_address(address),
        address,
        size,
        changed or _NEVER,
        (-1 if size is None else size, str(tag or ""), changed.isoformat() if changed else "") if is_known else None,
    )


def _time(said: object) -> datetime | None:
    if isinstance(said, str):
        try:
            said = datetime.fromisoformat(said) if said[:4].isdigit() else parsedate_to_datetime(said)
        except ValueError:
            return None
    if not isinstance(said, datetime):
        return None
    return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)


def _refused(address: str, problem: RefusedError) -> RemoteFile:
    return RemoteFile(shown_address(address), address, problem=problem)


def _problem(error: Exception, address: str) -> RefusedError:
    if isinstance(error, RefusedError):
        return error
    scheme = address.partition("://")[0].lower()
    if isinstance(error, ImportError):
        return RefusedError(Reason.UNREADABLE, f'{scheme}:// needs another package: pip install "{_READERS[scheme]}"')
    if isinstance(error, FileNotFoundError):
        return RefusedError(Reason.UNREADABLE, os.strerror(errno.ENOENT))  # as of a path here
    codes = {getattr(error, name, None) for name in ("status", "status_code", "code")}
    if isinstance(error, PermissionError) or codes & {401, 403}:
        return RefusedError(Reason.UNREADABLE, "access was denied")
    if getattr(error, "errno", None) == errno.EBUSY:  # fsspec's FileExpired
        return RefusedError(Reason.UNREADABLE, _CHANGED)
    # a message may repeat the address, and its query may be a signature
    said = re.sub(r"\?[^\s'\")]*", "", str(error).replace(address, shown_address(address)))
    return RefusedError(Reason.UNREADABLE, " ".join(f"{type(error).__name__}: {said}".split())[:MAX_TOLD])
