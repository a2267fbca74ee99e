"""Refused files are tried again after a fix, with the names and times they had."""

import gzip
import shutil
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from ingestion import refused_copies
from ingestion.formats import identify
from ingestion.formats.kinds import Family, Layout, TableFormat
from ingestion.formats.not_read_yet import NotReadYet
from ingestion.landing import Landing
from ingestion.outcomes import Outcome, State
from simrace.database.connection import ConnectionParameters
from simrace.operations.replay import is_within_reach, open_again, open_refusals
from tests.ingestion.test_landing import GARAGE61, ROW, land, loader_to, proofs, query, stage

NEW_FORMAT = TableFormat(
    "new_csv", Family.TELEMETRY, lambda rows: bool(rows) and rows[0][:1] == ["New"], lambda rows: Layout(1, None, 2)
)


def replay(database: ConnectionParameters, home: Path) -> list[Outcome]:
    stage(database)
    with closing(database.connect()) as connection:
        refusals = open_refusals(connection)
        return Landing(loader_to(database, home), lambda _recall: open_again(refusals)).land(connection)


def open_names(database: ConnectionParameters) -> list[str]:
    stage(database)
    with closing(database.connect()) as connection:
        return sorted(refusal.file_name for refusal in open_refusals(connection))


@pytest.fixture
def folder(database: ConnectionParameters, tmp_path: Path) -> Path:
    """Refused files of a format that comes later, and others; landed once."""
    made = tmp_path / "files"
    made.mkdir()
    (made / "new.csv").write_text("New,1\n2,3\n")
    with zipfile.ZipFile(made / "new.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("season/new.csv", (2026, 3, 4, 5, 6, 8)), "New,4\n5,6\n")
        archive.writestr("note.csv", "bread\n")
    (made / "packed.csv.gz").write_bytes(gzip.compress(b"New,7\n8,9\n", mtime=1_700_000_000))
    (made / "empty.csv").touch()
    assert {outcome.state for outcome in land(database, tmp_path, made)} == {State.REFUSED}
    return made


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_a_format_that_came_since_is_landed_under_its_own_name_and_time(
    database: ConnectionParameters,
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
    gone: bool,
) -> None:
    found_at = "select file_path, file_name, modified_at from"
    before = query(
        database, f"{found_at} raw.rejected_files where file_name <> 'note.csv' and file_bytes > 0 order by 1"
    )
    assert len(before) == 3
    if not kept:
        shutil.rmtree(tmp_path / "home" / "refused")
    if gone:
        shutil.rmtree(folder)
    monkeypatch.setattr(identify, "formats", lambda: (NEW_FORMAT,))
    landed = [outcome for outcome in replay(database, tmp_path) if outcome.state is State.LANDED]
    if kept or not gone:
        assert query(database, f"{found_at} raw.file_sightings order by 1") == before
        assert proofs(database) == [True] * 3
        assert open_names(database) == ["empty.csv", "note.csv"]
    else:
        assert not landed
        assert len(open_names(database)) == 5
        with closing(database.connect()) as connection:
            assert not any(is_within_reach(refusal) for refusal in open_refusals(connection))
    assert query(database, "select count(*) from raw.rejected_files") == [(5,)], "history stays, nothing is told twice"
    assert not {refused_copies.copy_of(str(outcome.file_id)) for outcome in landed} - {None}


def test_nothing_is_landed_without_a_fix_or_twice(database: ConnectionParameters, tmp_path: Path, folder: Path) -> None:
    assert {outcome.state for outcome in replay(database, tmp_path)} == {State.REFUSED}
    assert query(database, "select count(*) from raw.rejected_files") == [(5,)]
    (folder / "beside.csv").write_text(GARAGE61 + ROW)
    replay(database, tmp_path)
    assert query(database, "select count(*) from raw.files") == [(0,)], "only what was refused is tried"


def test_another_reason_is_the_one_that_counts(
    database: ConnectionParameters, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = TableFormat("new_csv", Family.TELEMETRY, NEW_FORMAT.recognise, lambda rows: Layout(1, None, None))
    monkeypatch.setattr(identify, "formats", lambda: (nothing,))
    replay(database, tmp_path)
    with closing(database.connect()) as connection:
        refusals = open_refusals(connection)
    assert [refusal.reason for refusal in refusals if refusal.file_path == str(folder / "new.csv")] == ["no_data"]
    assert len(refusals) == 5


def test_a_refusal_in_other_words_is_written_down_once(
    database: ConnectionParameters, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later version knows the format by name, or by another name."""
    for title in ("New logs", "New logs", "New logs of 2026"):
        known = NotReadYet(title, begins=("New,",))
        monkeypatch.setattr(identify, "not_read_yet", lambda known=known: (known,))
        replay(database, tmp_path)
    assert query(
        database, "select reason, detail from raw.rejected_files where file_name = 'new.csv' order by rejected_at"
    )[2:] == [
        *[("known_not_supported", "New logs")] * 2,
        *[("known_not_supported", "New logs of 2026")] * 2,
    ]
    with closing(database.connect()) as connection:
        assert {refusal.detail for refusal in open_refusals(connection) if refusal.file_name == "new.csv"} == {
            "New logs of 2026"
        }


def test_an_archive_that_could_not_be_opened_is_opened_again(
    database: ConnectionParameters, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a fix of the archive reader; the copy is still an archive, and its members keep the original path."""
    archive = folder / "laps.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("lap.csv", GARAGE61 + ROW)
    with monkeypatch.context() as patch:
        patch.setattr(zipfile, "is_zipfile", lambda _: False)
        land(database, tmp_path, archive)
    archive.unlink()
    assert "laps.zip" in open_names(database)
    replay(database, tmp_path)
    assert query(database, "select file_path from raw.file_sightings") == [(f"{archive}/lap.csv",)]
