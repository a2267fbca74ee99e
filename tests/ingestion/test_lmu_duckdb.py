"""A LMU database is read a table at a time, in a process of its own; a stranger's database can do nothing else."""

from pathlib import Path

import pytest

from ingestion.formats.logs import foreign, lmu_duckdb
from ingestion.formats.logs.lmu_duckdb import FORMAT
from ingestion.formats.logs.log import Log
from ingestion.reading import Reason, RefusedError
from tests.ingestion.logs import fuzz, values_of

duckdb = pytest.importorskip("duckdb", reason='the extra "lmu" is not installed')

MADE = """
    create table metadata (key varchar primary key, value varchar);
    insert into metadata values ('DriverName', 'Ada Vale'), ('CarSetup', '{"a": [1]}');
    create table channelsList (channelName varchar primary key, frequency integer, unit varchar);
    insert into channelsList values ('GPS Time', 100, 's'), ('Fuel', 1, 'L'), ('Tyres', 10, null);
    create table eventsList (eventName varchar primary key, unit varchar);
    insert into eventsList values ('Gear', ''), ('Pits', '');
    create table "GPS Time" as select cast(51.18 + range / 100 as double) as value from range(1203);
    create table Fuel as select cast(60 - range as float) as value from range(13);
    create table Tyres as
        select cast(range as float) as value1, cast(-range as float) as value2, cast(range as utinyint) as value3,
            range % 2 = 0 as value4 from range(121);
    create table Gear (ts double, value tinyint);
    insert into Gear values (51.18, -1), (52.18, 0), (61.93, 4);
    create table Pits (ts double, value1 uinteger, value2 boolean);
    insert into Pits values (51.18, 4294967295, true);
"""


def made(folder: Path, changes: str = "", name: str = "log.duckdb") -> Path:
    path = folder / name
    with duckdb.connect(str(path)) as connection:
        connection.execute(MADE + changes)
    return path


def opened(path: Path) -> Log:
    assert FORMAT.matches(path.read_bytes()[:4_096])
    return FORMAT.open(path)


def refusal(path: Path) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        opened(path)
    return refused.value


def test_channels_wheels_and_events(tmp_path: Path) -> None:
    log = opened(made(tmp_path))
    assert [
        (one.name, one.unit, one.value_type, one.sample_rate_hz, one.sample_count, one.times_channel)
        for one in log.channels
    ] == [
        ("GPS Time", "s", "float8", 100, 1_203, None),
        ("Fuel", "L", "float4", 1, 13, None),
        ("Tyres[1]", "", "float4", 10, 121, None),
        ("Tyres[2]", "", "float4", 10, 121, None),
        ("Tyres[3]", "", "int4", 10, 121, None),
        ("Tyres[4]", "", "bool", 10, 121, None),
        ("Gear[ts]", "s", "float8", None, 3, 7),
        ("Gear", "", "int4", None, 3, 7),
        ("Pits[ts]", "s", "float8", None, 1, 9),
        ("Pits[1]", "", "int4", None, 1, 9),
        ("Pits[2]", "", "bool", None, 1, 9),
    ]
    values = values_of(log)
    assert values[1][:2] == [51.18, 51.19]
    assert values[4] == [-n for n in range(121)]
    assert values[6] == [n % 2 == 0 for n in range(121)]
    assert values[7] == [0, 1, 61.93 - 51.18]
    assert values[8] == [-1, 0, 4]
    assert values[10] == [-1]  # the bits of 4294967295
    assert log.channels[6].details == {"start_s": 51.18}
    assert {one.name: one.content for one in log.documents} == {
        "metadata": {"DriverName": "Ada Vale", "CarSetup": '{"a": [1]}'},
        "unlisted_tables": [],
    }


def test_an_event_is_in_the_span_of_its_time(tmp_path: Path) -> None:
    log = opened(made(tmp_path))
    assert log.span_s == 9
    gears = [block for block in log.blocks() if block.channel_number == 8]
    assert [(one.block_number, one.first_sample, one.values.tolist()) for one in gears] == [
        (1, 0, [-1, 0]),
        (2, 2, [4]),
    ]


def test_the_same_database_is_read_the_same_again(tmp_path: Path) -> None:
    path = made(tmp_path)
    once, again = opened(path), opened(path)
    assert (once.channels, once.documents) == (again.channels, again.documents)
    assert values_of(once) == values_of(again)


@pytest.mark.parametrize(
    ("changes", "name", "problem"),
    [
        ("update channelsList set frequency = 0 where channelName = 'Fuel'", "Fuel", "its rate is 0"),
        ("update channelsList set frequency = null where channelName = 'Fuel'", "Fuel", "its rate is None"),
        ("insert into Fuel values (null)", "Fuel", "1 of its 14 values are missing"),
        ("insert into Fuel select 1 from range(172800)", "Fuel", "its 172,813 values are longer than two days"),
        ("insert into Pits values (null, 0, true)", "Pits[1]", "1 of its 2 values are missing"),
        ("insert into channelsList values ('gone', 1, '')", "gone", "its table is missing"),
        ("insert into eventsList values ('Fuel', '')", "Fuel", "it has no times"),
        ("alter table Fuel alter value type varchar", "Fuel", "its type is not known"),
        ("alter table Fuel alter value type bigint", "Fuel", "its type is not known"),
        ("drop table Fuel; create view Fuel as select 1 as value", "Fuel", "its table is missing"),
        ("drop table Fuel; create view Fuel as from read_csv('/etc/hostname')", "Fuel", "its table is missing"),
    ],
)
def test_a_channel_that_cannot_be_believed_has_no_sample(tmp_path: Path, changes: str, name: str, problem: str) -> None:
    log = opened(made(tmp_path, changes))
    values_of(log)
    found = [one for one in log.channels if one.details.get("problem")]
    assert (found[-1].name if name != "Pits[1]" else found[1].name) == name
    assert {one.details["problem"] for one in found} == {problem}
    assert {one.sample_count for one in found} == {0}


def test_tables_that_no_list_names_are_told(tmp_path: Path) -> None:
    log = opened(made(tmp_path, "create table other (a integer)"))
    assert log.documents[1].content == ["other"]


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ("drop table channelsList", Reason.UNKNOWN_FORMAT, "a DuckDB database without channelsList"),
        ("delete from channelsList; delete from eventsList", Reason.NO_DATA, "lmu_duckdb without a sample"),
        ("insert into metadata values ('x', repeat('a', 5000000))", Reason.TOO_LARGE, "metadata of over 4 MB"),
        ("alter table channelsList alter frequency type varchar", Reason.MALFORMED, "its reader failed"),
        ("create table v as select 0.0::double as value from range(30000000); "
         "insert into channelsList values ('v', 1000, '')", Reason.TOO_LARGE, "many times as large as the file"),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_believed_is_refused(
    tmp_path: Path, changes: str, reason: Reason, detail: str
) -> None:
    refused = refusal(made(tmp_path, changes))
    assert refused.reason is reason
    assert detail in refused.detail


def test_a_file_that_the_game_has_open_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path)
    path.with_name("log.duckdb.wal").write_bytes(b"")
    assert refusal(path).reason is Reason.UNREADABLE


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.duckdb"
    path.write_bytes(b"\0" * 8 + b"DUCK" + bytes(8_000))
    refused = refusal(path)
    assert (refused.reason, refused.detail.partition(":")[0]) == (Reason.MALFORMED, "DuckDB cannot open it")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "find_spec", lambda _: None)
    refused = refusal(made(tmp_path))
    assert refused.reason is Reason.KNOWN_NOT_SUPPORTED
    assert refused.detail.endswith('pip install "simrace[lmu]"')


def test_a_reader_that_crashes_or_does_not_end_refuses_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path)
    monkeypatch.setattr(lmu_duckdb, "__name__", "faulthandler")
    assert refusal(path).reason is Reason.MALFORMED
    monkeypatch.undo()
    monkeypatch.setattr(foreign, "MAX_SECONDS", 0)
    assert "reading it takes over" in refusal(path).detail


def test_damaged_databases(tmp_path: Path) -> None:
    assert fuzz(FORMAT, made(tmp_path).read_bytes(), tmp_path, 12).total() >= 12


def test_real_databases(real_files: Path) -> None:
    paths = sorted(real_files.rglob("*.duckdb"))
    assert paths
    for path in paths:
        log = opened(path)
        assert not [one for one in log.channels if "problem" in one.details]
        values_of(log)
