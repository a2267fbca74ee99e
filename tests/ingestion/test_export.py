"""pandas reads back what was exported, and a spreadsheet runs nothing in it."""

import csv
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import psycopg2.errors
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from simrace.cli.app import app
from simrace.database.connection import ConnectionParameters
from simrace.export.tables import (
    DICTIONARY,
    ExportError,
    Format,
    _copied,
    column_types,
    export_ml,
    export_table,
    read_exported,
)

TABLES = """
    create schema marts;
    create table marts.ml_training_data (
        subsession_id text, cust_id text, series_name text, start_position integer, gap numeric(18, 6),
        is_official boolean, feature_cutoff_at timestamptz
    );
    insert into marts.ml_training_data values
        ('0042', '7', '=1+1', 3, -1.5, true, '2026-02-03 19:00:00.25+00'),
        ('0042', '8', 'NA', null, null, null, null),
        ('0043', '8', null, 1, 0.1, false, '2026-02-04 19:00+01'),
        ('0044', '-8', E'"a"\nb, ç', 1, 0.1, false, '2026-02-04 19:00+01');
    create table marts.ml_feature_dictionary as
    select column_name::text, ordinal_position::integer as column_number, data_type::text, '-'::text as meaning
    from information_schema.columns where table_name = 'ml_training_data';
"""


@pytest.fixture
def marts(database: ConnectionParameters) -> ConnectionParameters:
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
    return database


def export(parameters: ConnectionParameters, directory: Path, file_format: Format) -> list[tuple[str, int, str]]:
    with closing(parameters.connect()) as connection:
        return [(done.path.name, done.rows, done.sha256) for done in export_ml(connection, directory, file_format)]


@pytest.mark.parametrize("file_format", Format)
def test_pandas_reads_it_back_with_the_right_types(
    marts: ConnectionParameters, tmp_path: Path, file_format: Format
) -> None:
    export(marts, tmp_path, file_format)
    data = read_exported(tmp_path)
    assert data.dtypes.astype(str).to_dict() == {
        "subsession_id": "string",
        "cust_id": "string",
        "series_name": "string",
        "start_position": "Int32",
        "gap": "Float64",
        "is_official": "boolean",
        "feature_cutoff_at": "datetime64[us, UTC]",
    }
    assert data["subsession_id"].tolist() == ["0042", "0042", "0043", "0044"]
    assert data["gap"].tolist() == [-1.5, pd.NA, 0.1, 0.1]
    assert data["start_position"].tolist() == [3, pd.NA, 1, 1]
    assert data["feature_cutoff_at"].tolist() == [
        pd.Timestamp("2026-02-03 19:00:00.25", tz="UTC"),
        pd.NaT,
        *2 * [pd.Timestamp("2026-02-04 18:00", tz="UTC")],
    ]
    assert read_exported(tmp_path, DICTIONARY)["column_number"].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_no_cell_of_a_csv_is_a_formula(marts: ConnectionParameters, tmp_path: Path) -> None:
    """Only texts are changed: a negative number stays a number."""
    export(marts, tmp_path, Format.CSV)
    data = read_exported(tmp_path)
    assert data["series_name"].tolist() == ["'=1+1", "NA", pd.NA, '"a"\nb, ç']
    assert data["cust_id"].tolist() == ["7", "8", "8", "'-8"]
    assert "\n0042,7,'=1+1,3,-1.5,true," in (tmp_path / "ml_training_data.csv").read_text(encoding="utf-8")
    assert read_exported(tmp_path, DICTIONARY)["meaning"].unique().tolist() == ["'-"]


STARTS = (
    "=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "\u00a0=", "\u3000=", "\ufeff=", "\u200b=",
    "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n",
)  # fmt: skip


def test_nothing_that_a_spreadsheet_runs_begins_a_cell(database: ConnectionParameters, tmp_path: Path) -> None:
    texts = [f"{start}cmd|' /C calc'!A0" for start in STARTS]
    harmless = ["a=b", "", None, "a\n=b"]
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("create schema marts; create table marts.names (at integer primary key, name text)")
        for at, text in enumerate([*texts, *harmless]):
            cursor.execute("insert into marts.names values (%s, %s)", (at, text))
    with closing(database.connect()) as connection:
        export_table(connection, "names", tmp_path / "names.csv", Format.CSV)
    with (tmp_path / "names.csv").open(encoding="utf-8", newline="") as file:
        cells = [row["name"] for row in csv.DictReader(file)]
    assert cells == [*(f"'{text}" for text in texts), "a=b", "", "", "a\n=b"]


def test_parquet_holds_texts_as_they_are(marts: ConnectionParameters, tmp_path: Path) -> None:
    export(marts, tmp_path, Format.PARQUET)
    assert read_exported(tmp_path)["series_name"].tolist()[0] == "=1+1"


@pytest.mark.parametrize("file_format", Format)
def test_the_same_rows_give_the_same_bytes(marts: ConnectionParameters, tmp_path: Path, file_format: Format) -> None:
    first = export(marts, tmp_path / "one", file_format)
    assert [name for name, _, _ in first] == [f"ml_training_data.{file_format}", f"ml_feature_dictionary.{file_format}"]
    assert first == export(marts, tmp_path / "two", file_format)


def test_it_says_rows_and_hashes(marts: ConnectionParameters, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", "ml", str(tmp_path), "--format", "csv"])
    assert done.exit_code == 0, done.output
    for name, rows, sha256 in export(marts, tmp_path / "again", Format.CSV):
        assert f"{rows} rows  sha256 {sha256}  {tmp_path / name}" in done.output


def test_without_marts_it_says_what_to_do(database: ConnectionParameters, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", "ml", str(tmp_path)])
    assert done.exit_code == 1
    assert "simrace run" in done.output


MANY = """
    create schema marts;
    create table marts.fct_many (
        b integer, a text, at date, seen_at timestamptz, share real, id uuid, is_odd boolean, small smallint,
        primary key (a, b)
    );
    insert into marts.fct_many
    select n, 'x' || n % 7, date '2026-01-01' + n % 9, timestamptz '2026-01-01 00:00+00' + n * interval '1.5 s',
           n / 3.0, md5(n::text)::uuid, case when n % 3 > 0 then n % 2 = 1 end, n % 5
    from generate_series(1, 30000) as numbers (n) order by md5(n::text);
    create view marts.seen as select small, count(*) as rows from marts.fct_many group by 1;
    comment on table marts.fct_many is 'One row per number.';
"""


@pytest.fixture
def many(database: ConnectionParameters) -> ConnectionParameters:
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(MANY)
    return database


def simrace_export(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["export", *map(str, arguments)])
    return done.exit_code, done.output


@pytest.mark.parametrize("file_format", Format)
def test_any_mart_is_written_in_the_order_of_its_key(
    many: ConnectionParameters, tmp_path: Path, file_format: Format
) -> None:
    file = tmp_path / f"many.{file_format}"
    assert simrace_export("table", "fct_many", "-o", file, "--where", "b <= 20000")[0] == 0
    once = file.read_bytes()
    with closing(many.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "cluster marts.fct_many using fct_many_pkey; select a, b from marts.fct_many where b <= 20000 order by a, b"
        )
        keys = cursor.fetchall()
    data = pd.read_csv(file) if file_format is Format.CSV else pd.read_parquet(file)
    assert list(zip(data["a"], data["b"], strict=True)) == keys
    assert simrace_export("table", "fct_many", "-o", file, "--where", "b <= 20000")[0] == 0
    assert file.read_bytes() == once  # though the rows lie elsewhere now
    assert [path.name for path in tmp_path.iterdir() if "many" in path.name] == [file.name]


def test_parquet_keeps_the_types(many: ConnectionParameters, tmp_path: Path) -> None:
    assert simrace_export("table", "fct_many", "-o", tmp_path / "many.parquet")[0] == 0
    schema = pq.read_schema(tmp_path / "many.parquet")
    assert [str(kind) for kind in schema.types] == [
        "int32", "string", "date32[day]", "timestamp[us, tz=UTC]", "float", "string", "bool", "int16",
    ]  # fmt: skip
    with closing(many.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select b, a, at, seen_at, share, id::text, is_odd, small from marts.fct_many order by a, b")
        table = pq.read_table(tmp_path / "many.parquet")
        assert [tuple(row.values()) for row in table.to_pylist()] == [
            (*row[:4], pytest.approx(row[4]), *row[5:]) for row in cursor
        ]


def test_marts_are_listed_and_a_wrong_name_is_told(
    many: ConnectionParameters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = simrace_export("list")
    assert (code, "fct_many" in said, "seen" in said, "One row per number." in said) == (0, True, True, True)
    code, said = simrace_export("table", "fct_mani")
    assert code == 1
    assert "Is it one of these: fct_many?" in said
    for where in ("nonsense = 1", "b = 'x'", "true) to stdout; drop table marts.fct_many; --"):
        code, said = simrace_export("table", "fct_many", "--where", where)
        assert (code, "The database does not take that" in said) == (1, True), said
    assert not list(tmp_path.glob("*fct*"))
    assert simrace_export("table", "seen")[0] == 0
    assert pd.read_parquet("seen.parquet")["small"].tolist() == [0, 1, 2, 3, 4]
    (tmp_path / "closed").touch()
    code, said = simrace_export("table", "seen", "-o", tmp_path / "closed" / "seen.csv")
    assert (code, "cannot be written" in said) == (1, True), said


@pytest.mark.slow
def test_an_export_of_many_rows_takes_little_memory(many: ConnectionParameters, tmp_path: Path) -> None:
    with closing(many.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "create table marts.large as select n, repeat(md5(n::text), 5) as text from generate_series(1, 3000000) n"
        )
    script = (
        "import resource, sys; from simrace.cli.app import app; import pandas, pyarrow.csv\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "app(['export', 'table', 'large', '-o', sys.argv[1]], standalone_mode=False)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "large.parquet")], capture_output=True, text=True, check=True
    )
    assert "3,000,000 rows" in done.stdout
    assert int(done.stdout.split()[-1]) < 200_000  # kB; the rows take 500 MB


def test_why_a_copy_failed_is_told_however_soon_its_end_is_seen() -> None:
    class Refused:
        def copy_expert(self, statement: str, sink: object) -> None:
            raise psycopg2.errors.UndefinedColumn(statement)

    for _ in range(300):
        with pytest.raises(psycopg2.errors.UndefinedColumn, match="nonsense"), _copied(Refused(), "nonsense") as stream:
            if not stream.read():
                raise ValueError("there is no header")


def test_a_mart_that_may_not_be_read_is_told(marts: ConnectionParameters) -> None:
    """It is there, so the error does not say that there is none of that name."""
    with closing(marts.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("set role pg_checkpoint")  # a role of PostgreSQL's own that reads nothing
        with pytest.raises(ExportError, match=r"may not read marts\.ml_training_data: `simrace db roles`"):
            column_types(cursor, "ml_training_data")
