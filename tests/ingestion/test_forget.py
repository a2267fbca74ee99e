"""A forgotten file leaves no row and no copy, and stays away until somebody wants it back."""

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from ingestion import refused_copies
from ingestion.outcomes import State
from simrace.cli import keep
from simrace.database.connection import ConnectionParameters
from simrace.operations.forget import ForgetError, drop_work_files, find_driver, find_named, forget, strike
from tests.ingestion.ibt import ibt
from tests.ingestion.test_cli import simrace
from tests.ingestion.test_landing import DESIGN, GARAGE61, ROW, counts, land, loader_to, query, stage

NOTHING = dict.fromkeys(DESIGN, 0)


def forget_named(database: ConnectionParameters, *names: object) -> dict[str, int]:
    with closing(database.connect()) as connection:
        return forget(connection, find_named(connection, map(str, names)))


def file_ids(database: ConnectionParameters, table: str) -> list[str]:
    return [str(file_id) for (file_id,) in query(database, f"select distinct file_id from raw.{table} order by 1")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    (made / "deep").mkdir(parents=True)
    (made / "lap.csv").write_text(GARAGE61 + ROW)
    (made / "deep" / "copy.csv").write_text(GARAGE61 + ROW)
    (made / "deep" / "other.csv").write_text(GARAGE61 + ROW * 2)
    (made / "deep.csv").write_text(GARAGE61 + ROW * 3)
    (made / "note.csv").write_bytes(b"bread\0\n")  # refused before anybody asks what it is
    (made / "empty.csv").touch()
    (made / "also empty.csv").touch()
    return made


def test_a_file_goes_with_every_row_and_stays_away(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    land(database, tmp_path, folder / "lap.csv")
    query(database, "create schema ops")
    query(database, "create table ops.judged as select file_id, 'a line' as line from raw.files")
    [file_id] = file_ids(database, "files")
    deleted = forget_named(database, file_id[:6])
    assert deleted == {"ops.judged": 1, "raw.file_blocks": 1, "raw.file_sightings": 1, "raw.files": 1}
    assert counts(database) == NOTHING
    [outcome] = land(database, tmp_path, folder / "deep" / "copy.csv")
    assert (outcome.state, str(outcome.refusal).split(":")[0]) == (State.REFUSED, "forgotten")
    assert counts(database) == NOTHING, "not even its name is written down"
    done = simrace("land", folder / "lap.csv")
    assert done.exit_code == 1
    assert "`simrace land --include-forgotten PATH` brings it back" in done.output
    assert simrace("land", folder / "lap.csv", "--include-forgotten").exit_code == 0
    assert file_ids(database, "files") == [file_id]
    assert query(database, "select count(*) from raw.forgotten_files") == [(0,)]
    forget_named(database, folder / "lap.csv")
    assert file_ids(database, "forgotten_files") == [file_id]


def test_a_path_stands_for_every_content_seen_there_and_below(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    land(database, tmp_path, folder)
    (folder / "lap.csv").write_text(GARAGE61 + ROW * 9)
    land(database, tmp_path, folder)
    assert len(file_ids(database, "files")) == 4
    forget_named(database, folder / "lap.csv")
    assert len(file_ids(database, "files")) == 2, "both that were there, wherever else they are"
    forget_named(database, folder / "deep")
    assert query(database, "select file_name from raw.file_sightings") == [("deep.csv",)]


def test_a_refused_file_goes_with_its_copy(database: ConnectionParameters, tmp_path: Path, folder: Path) -> None:
    land(database, tmp_path, folder)
    [note] = [file_id for file_id in file_ids(database, "rejected_files") if refused_copies.copy_of(file_id)]
    forget_named(database, folder / "note.csv")
    assert refused_copies.copy_of(note) is None
    outcomes = land(database, tmp_path, folder / "note.csv", folder / "empty.csv")
    assert [str(outcome.refusal).split(":")[0] for outcome in outcomes] == ["forgotten", "empty"]
    assert refused_copies.copy_of(note) is None
    assert note not in file_ids(database, "rejected_files")
    simrace("land", folder / "note.csv", "--include-forgotten")
    assert refused_copies.copy_of(note)
    assert query(database, "select count(*) from raw.forgotten_files") == [(0,)]


def test_an_empty_or_unreadable_file_is_known_by_its_path_alone(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    land(database, tmp_path, folder, folder / "missing.csv")
    forget_named(database, folder / "empty.csv", folder / "missing.csv")
    names = query(database, "select file_name from raw.rejected_files order by 1")
    assert names == [("also empty.csv",), ("note.csv",)]
    assert query(database, "select count(*) from raw.forgotten_files") == [(0,)]


def test_what_is_not_known_or_not_clear_forgets_nothing(
    database: ConnectionParameters, tmp_path: Path, folder: Path
) -> None:
    with closing(database.connect()) as connection, pytest.raises(ForgetError, match="Nothing is landed yet"):
        find_named(connection, ["lap.csv"])
    land(database, tmp_path, folder)
    query(database, "update raw.file_sightings set file_id = 'abcdef' || file_id")
    before = counts(database)
    with closing(database.connect()) as connection:
        with pytest.raises(ForgetError, match="beginning of 3 file_ids"):
            find_named(connection, ["abcdef"])
        with pytest.raises(ForgetError, match=r"Nothing is known of nowhere\.csv"):
            find_named(connection, [str(folder / "lap.csv"), "nowhere.csv"])
        with pytest.raises(ForgetError, match="simrace run"):
            find_driver(connection, "iracing:1")
    for arguments in (["forget"], ["forget", folder]):
        done = simrace(*arguments)
        assert done.exit_code == 2 - len(arguments) + 1
        assert "orget" in done.output
    assert counts(database) == before


def test_it_is_all_or_nothing(database: ConnectionParameters, tmp_path: Path, folder: Path) -> None:
    land(database, tmp_path, folder)
    before = counts(database)
    query(
        database,
        "create function public.keep() returns trigger language plpgsql as $$ begin raise 'kept'; end $$;"
        "create trigger keep before delete on raw.files execute function public.keep()",
    )
    with pytest.raises(psycopg2.Error, match="kept"):
        forget_named(database, folder)
    assert counts(database) == before
    assert query(database, "select to_regclass('raw.forgotten_files')") == [(None,)]


def test_no_copy_of_what_was_loaded_stays_on_disk(database: ConnectionParameters, tmp_path: Path, folder: Path) -> None:
    (folder / "lap.csv").write_text(GARAGE61 + ROW.replace("55.5", "55.123456789"))
    land(database, tmp_path, folder)
    held = [file for file in (tmp_path / "dlt").rglob("*") if file.is_file() and b"55.123456789" in file.read_bytes()]
    assert not held
    old = tmp_path / "dlt" / "simrace_test" / "load" / "loaded" / "1" / "completed_jobs"
    old.mkdir(parents=True)
    (old / "file_blocks.1.insert_values").write_text("55.123456789")
    drop_work_files(loader_to(database, tmp_path))
    assert not list(old.iterdir())


def test_what_is_pending_is_landed_first_and_forgotten_too(
    database: ConnectionParameters, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a pending load would bring it back."""
    lap = folder / "lap.csv"
    land(database, tmp_path, folder / "deep.csv")
    query(database, "alter table raw.files add constraint no_more check (file_bytes > 1000000) not valid")
    assert simrace("land", lap).exit_code == 1
    query(database, "alter table raw.files drop constraint no_more")
    monkeypatch.setattr(keep, "build_marts", lambda *_, **__: None)  # there is nothing to build from these tables
    done = simrace("forget", lap, "--yes")
    assert "1 to forget" in done.output, done.output
    assert len(file_ids(database, "forgotten_files")) == 1
    assert simrace("land", lap).exit_code == 1
    assert query(database, "select file_name from raw.file_sightings") == [("deep.csv",)]


def test_a_server_file_is_found_for_who_joined_and_has_no_result(
    database: ConnectionParameters, tmp_path: Path
) -> None:
    history = '"history": [{"stages": {"race1": {"results": [{"refid": 1}]}}}]'
    players = '"players" : {"76561199700000012" : {}}'
    (tmp_path / "server.json").write_text("// a\n" + '{"stats": {' + f"{players}, {history}" + "}}")
    land(database, tmp_path, tmp_path / "server.json")
    stage(database)
    query(database, "create table ops.file_drivers (file_id text, driver_id text, driver_name text)")
    with closing(database.connect()) as connection:
        found, others = find_driver(connection, "ams2:76561199700000012")
        assert (found, [Path(content.paths[0]).name for content in others]) == ([], ["server.json"])
        with pytest.raises(ForgetError):
            find_driver(connection, "ams2:76561199700000013")


@pytest.mark.parametrize("written", ["Tom & Jörg", "Tom &amp; Jörg", "Tom & J\\u00f6rg", "Tom & J\\u00F6rg"])
def test_a_name_is_found_however_a_document_writes_it(
    database: ConnectionParameters, tmp_path: Path, written: str
) -> None:
    history = '"history": [{"stages": {"race1": {"results": [{"refid": 1}]}}}]'
    (tmp_path / "server.json").write_text('{"stats": {"left": "' + written + '", ' + history + "}}", "utf-8")
    land(database, tmp_path, tmp_path / "server.json")
    stage(database)
    query(database, "create table ops.file_drivers (file_id text, driver_id text, driver_name text)")
    with closing(database.connect()) as connection:
        _, others = find_driver(connection, "lmu:name:Tom & Jörg")
    assert [Path(content.paths[0]).name for content in others] == ["server.json"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_who_is_only_mentioned_in_a_log_is_struck_and_the_log_stays(
    database: ConnectionParameters, tmp_path: Path, encoding: str
) -> None:
    def drivers() -> list[object]:
        names = (
            "select driver ->> 'UserName' from staging.stg_files__file_documents, "
            "jsonb_array_elements(content #> '{DriverInfo,Drivers}') as each (driver) "
            "where document_name = 'session_info' order by 1"
        )
        return [name for (name,) in query(database, names)]

    text = (
        "---\nDriverInfo:\n DriverUserID: 11\n Drivers:\n"
        " - CarIdx: 0\n   UserName: Jos\xe9 Vale\n   UserID: 11\n"
        " - CarIdx: 1\n   UserName: Ann\xe9 Bell\n   UserID: 7\n"
    )
    (tmp_path / "drive.ibt").write_bytes(ibt(text=text.encode(encoding)))
    (tmp_path / "other.ibt").write_bytes(ibt(text=b"---\nDriverInfo:\n Drivers:\n - UserID: 77\n"))
    land(database, tmp_path, tmp_path / "drive.ibt", tmp_path / "other.ibt")
    stage(database)
    query(database, "create table ops.file_drivers as select file_id, 'iracing:11' as driver_id, 'Vale' as driver_name "
                    "from raw.files where file_bytes <> 0")  # fmt: skip
    assert drivers() == ["Ann\xe9 Bell", "Jos\xe9 Vale", None]
    with closing(database.connect()) as connection:
        with pytest.raises(ForgetError):
            find_driver(connection, "iracing:8")
        found, others = find_driver(connection, "iracing:7")
        assert (found, [Path(content.paths[0]).name for content in others]) == ([], ["drive.ibt"])
        assert strike(connection, "iracing:7")
        assert strike(connection, "iracing:7")
        assert not strike(connection, "acc:name:anne")
    assert drivers() == ["Jos\xe9 Vale", None]
    assert counts(database)["files"] == 2
    query(database, "delete from raw.struck_drivers")
    assert drivers() == ["Ann\xe9 Bell", "Jos\xe9 Vale", None]


def test_a_log_goes_with_its_channels_and_documents(database: ConnectionParameters, tmp_path: Path) -> None:
    (tmp_path / "drive.ibt").write_bytes(ibt())
    land(database, tmp_path, tmp_path / "drive.ibt")
    deleted = forget_named(database, tmp_path / "drive.ibt")
    assert deleted.keys() == {
        "raw.channel_blocks", "raw.file_channels", "raw.file_documents", "raw.file_sightings", "raw.files",
    }  # fmt: skip
    assert counts(database) == NOTHING


def test_names_in_the_bytes_of_a_log_are_found(database: ConnectionParameters, tmp_path: Path) -> None:
    (tmp_path / "drive.ibt").write_bytes(ibt(padding="\0Zo\xeb Vale".encode("cp1252")))
    land(database, tmp_path, tmp_path / "drive.ibt")
    query(database, "create schema ops; create table ops.file_drivers as select 'x' as file_id, 'acc:1' as driver_id, "
                    "'Zo\xeb Vale' as driver_name")  # fmt: skip
    with closing(database.connect()) as connection:
        assert len(find_driver(connection, "acc:1")[1]) == 1
