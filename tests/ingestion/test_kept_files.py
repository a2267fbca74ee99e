"""Files kept as Parquet come back to the byte; what is damaged or was not written by simrace is refused."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion import kept_files
from ingestion.kept_files import KeptFile, kept_whole, write_kept
from ingestion.reading import Reason
from ingestion.sources import open_sources

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
CONTENTS = {"export.csv": b"a,b\n1,2\n", "big.ibt": os.urandom(100_000), "../../up.csv": b"up"}


def _file(name: str, data: bytes) -> KeptFile:
    return KeptFile(hashlib.sha256(data).hexdigest(), name, "of_test", AT, ["s1", "s2"])


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept_files, "PIECE_BYTES", 1_000)
    monkeypatch.setattr(kept_files, "GROUP_BYTES", 7_000)
    path = tmp_path / "kept.parquet"
    write_kept(path, ((_file(name, data), [data[:333], data[333:]]) for name, data in CONTENTS.items()))
    return path


def test_files_come_back_as_members_of_an_archive(kept: Path) -> None:
    assert pq.ParquetFile(kept).num_row_groups > 10, "memory holds a few pieces and never a file"
    read = {}
    for source in open_sources([kept]):
        assert (source.problem, source.modified_at, source.archive) == (None, AT, str(kept))
        read[source.file_path.removeprefix(f"{kept}/")] = source.local.read_bytes()
    places = {f"{_file(name, data).file_id[:12]}/{Path(name).name}": data for name, data in CONTENTS.items()}
    assert read == places, "in a folder each, because names repeat"
    assert kept_whole(kept) == {_file(name, data).file_id for name, data in CONTENTS.items()}


def test_a_file_of_which_a_piece_is_another_or_missing_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    files = [_file(name, data) for name, data in CONTENTS.items()]
    write_kept(path, zip(files, ([b"a,b\n1,2\n"], [CONTENTS["big.ibt"][:-1]], []), strict=True))
    assert kept_whole(path) == {files[0].file_id}
    assert [source.problem and source.problem.reason for source in open_sources([path])] == [None, Reason.MALFORMED]


@pytest.mark.parametrize("cut", [100, -100])
def test_a_damaged_one_is_refused(kept: Path, cut: int) -> None:
    data = bytearray(kept.read_bytes())
    if cut < 0:
        data = data[:cut]  # the end is missing, where everything is described
    else:
        data[cut : cut + 2_000] = bytes(2_000)
    kept.write_bytes(data)
    [*_, source] = open_sources([kept])
    if cut < 0:
        assert source.problem is None and source.archive is None, "no archive: landing refuses it as of no known format"
    else:
        assert source.problem and source.problem.reason is Reason.MALFORMED


def test_other_parquet_is_no_archive_and_other_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"data": [b"x"]}), path)
    [source] = open_sources([path])
    assert (source.problem, source.archive) == (None, None)
    pq.write_table(pa.table({"data": [b"x"]}).replace_schema_metadata({"simrace": "kept files, 1"}), path)
    [source] = open_sources([path])
    assert source.problem and "its columns are not" in source.problem.detail


def test_a_row_group_that_is_meant_to_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.parquet"
    write_kept(path, [(_file("zeros", bytes(100_000)), [bytes(100_000)])])
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(kept_files, "_GROUP_AT_MOST", 50_000)
    [source] = open_sources([path])
    assert source.problem and source.problem.reason is Reason.TOO_LARGE
