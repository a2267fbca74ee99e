"""Every given file ends in exactly one state, and refused ones are kept."""

import errno
import gzip
import io
import os
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from ingestion import landing, refused_copies
from ingestion.outcomes import Outcome, State, unaccounted
from ingestion.paths import expand
from ingestion.reading import Content, read_blocks
from simrace.database.connection import ConnectionParameters
from simrace.operations.replay import open_refusals
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import GARAGE61, ROW, land, query, stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of each kind of trouble, beside two good files."""
    made = tmp_path / "files"
    made.mkdir()
    (made / "lap.csv").write_text(GARAGE61 + ROW)
    (made / "gone.csv").write_text(GARAGE61 + ROW * 7)
    (made / "same.csv").write_text(GARAGE61 + ROW)
    (made / "note.csv").write_text("bread\n")
    (made / "same note.csv").write_text("bread\n")
    (made / "empty.csv").touch()
    (made / "dangling.csv").symlink_to("nowhere")
    (made / "cut.csv.gz").write_bytes(gzip.compress((GARAGE61 + ROW * 9).encode())[:-9])
    (made / "cut.zip").write_bytes(b"PK\3\4 and no more")
    with zipfile.ZipFile(made / "nothing.zip", "w") as archive:
        archive.writestr(".hidden", "x")
    with zipfile.ZipFile(made / "laps.zip", "w") as archive:
        archive.writestr("1/lap.csv", GARAGE61 + ROW * 2)
        archive.writestr("2/lap.csv", GARAGE61 + ROW)
        archive.writestr("bad.csv", "butter\n")
        archive.writestr("inner.zip", b"PK\3\4")
    with tarfile.open(made / "laps.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("lap.csv")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"a\n"))
        link = tarfile.TarInfo("link.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "lap.csv"
        archive.addfile(link)
    return made


def test_the_states_add_up_to_what_was_given(
    database: ConnectionParameters, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(content: Content) -> object:
        if content.path.name == "gone.csv":
            content.path.unlink()
        return read_blocks(content)

    monkeypatch.setattr(landing, "read_blocks", vanish)
    given = [folder, folder / "lap.csv", folder / "lap.csv", folder / "missing.csv"]
    done = simrace("land", *given)
    assert done.exit_code == 0, done.output
    assert "17 files: 2 landed, 2 already landed, 13 refused" in done.output
    assert "13 given (archives: 2, with 6 files), all accounted for" in done.output
    refusals = query(database, "select file_path, reason from raw.rejected_files")
    reasons = {Path(str(path)).relative_to(folder).as_posix(): reason for path, reason in refusals}
    assert reasons == {
        "cut.csv.gz": "truncated_archive",
        "cut.zip": "truncated_archive",
        "dangling.csv": "unreadable",
        "empty.csv": "empty",
        "gone.csv": "unreadable",
        "laps.tar.gz/lap.csv": "unknown_format",
        "laps.tar.gz/link.csv": "unreadable",
        "laps.zip/bad.csv": "unknown_format",
        "laps.zip/inner.zip": "known_not_supported",
        "missing.csv": "unreadable",
        "note.csv": "unknown_format",
        "nothing.zip": "empty",
        "same note.csv": "unknown_format",
    }
    assert len(refusals) == len(reasons)
    sighted = {path for (path,) in query(database, "select file_path from raw.file_sightings")}
    assert len(sighted) == 4
    assert not sighted & {path for path, _ in refusals}


def test_a_file_of_which_nothing_became_is_named(tmp_path: Path) -> None:
    outcomes = [
        Outcome(str(tmp_path / "a.csv"), State.LANDED, given=str(tmp_path / "a.csv")),
        Outcome(str(tmp_path / "b.zip/c.csv"), State.REFUSED, given=str(tmp_path / "b.zip")),
    ]
    paths = [tmp_path / name for name in ("a.csv", "b.zip", "c.csv")]
    assert unaccounted(paths, outcomes) == [str(tmp_path / "c.csv")]


def test_a_folder_that_is_closed_is_refused_by_itself(
    database: ConnectionParameters, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir()
    scan = os.scandir

    def refuse(path: object) -> object:  # tests may run as root, who may read everything
        if path == str(closed):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    outcomes = land(database, folder.parent, folder)
    [outcome] = [outcome for outcome in outcomes if outcome.given == str(closed)]
    assert outcome.state is State.REFUSED
    assert not unaccounted(expand([str(folder)]), outcomes)


def test_what_could_not_be_read_leaves_the_refusal_when_it_can(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    """And comes back to it when it cannot again."""

    def refused_paths() -> list[str]:
        stage(database)
        with closing(database.connect()) as connection:
            return [refusal.file_path for refusal in open_refusals(connection)]

    lap, archive = folder / "new.csv", folder / "new.zip"
    for round_number in (1, 2):
        land(database, tmp_path, lap, archive)
        assert refused_paths() == [str(lap), str(archive)], round_number
        lap.write_text(GARAGE61 + ROW * 5)
        os.utime(lap, (1, 1))
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(zipfile.ZipInfo("lap.csv", (2026, 1, 1, 0, 0, 0)), GARAGE61 + ROW * 6)
        land(database, tmp_path, lap, archive)
        assert refused_paths() == [], round_number
        lap.unlink()
        archive.unlink()
    assert query(database, "select count(*) from raw.rejected_files") == [(4,)]


def test_refused_bytes_are_kept_once_for_their_owner_alone(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    land(database, tmp_path, folder)
    kept = sorted((tmp_path / "home" / "refused").iterdir())
    whole = {b"bread\n", b"butter\n", b"a\n", b"PK\3\4"}
    whole |= {(folder / name).read_bytes() for name in ("cut.csv.gz", "cut.zip", "nothing.zip")}
    assert {file.read_bytes() for file in kept} == whole
    assert len(kept) == len(whole)
    assert all(refused_copies.copy_of(file.name) == file for file in kept)
    assert {file.stat().st_mode & 0o077 for file in kept} == {0}
    kept[0].write_bytes(b"something else")
    assert refused_copies.copy_of(kept[0].name) is None


def test_of_a_damaged_member_nothing_is_kept(database: ConnectionParameters, tmp_path: Path) -> None:
    """The unpacked part is not the file, but would land as if it were."""
    damaged = tmp_path / "laps.zip"
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("lap.csv", GARAGE61 + ROW * 30_000)  # more than is unpacked at a time
    damaged.write_bytes(damaged.read_bytes().replace(b"55.5", b"66.6", 1))
    [outcome] = land(database, tmp_path, damaged)
    assert str(outcome.refusal).startswith("truncated_archive: Bad CRC-32")
    assert not list((tmp_path / "home").glob("refused/*"))


@pytest.mark.parametrize(("file_mb", "total_mb", "count"), [(1, 3, 3), (0, 3, 0), (1, 0, 0), (1, 2, 2)])
def test_copies_keep_within_their_limits(
    database: ConnectionParameters,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_mb: int,
    total_mb: int,
    count: int,
) -> None:
    monkeypatch.setenv("SIMRACE_REFUSED_FILE_MB", str(file_mb))
    monkeypatch.setenv("SIMRACE_REFUSED_TOTAL_MB", str(total_mb))
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.csv").write_bytes(b"%d\n" % number * 500_000)
    (folder / "large.csv").write_bytes(b"123\n" * 250_001)
    assert {outcome.state for outcome in land(database, tmp_path, folder)} == {State.REFUSED}
    kept = list((tmp_path / "home").glob("refused/*"))
    assert len(kept) == count
    assert all(file.stat().st_size == 1_000_000 for file in kept)


def test_a_limit_that_is_no_number_is_told(
    database: ConnectionParameters, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMRACE_REFUSED_FILE_MB", "a lot")
    done = simrace("land", folder)
    assert done.exit_code == 1
    assert "SIMRACE_REFUSED_FILE_MB is not a whole number" in done.output
