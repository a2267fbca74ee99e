"""What is exported is what pandas reads, and nothing that a spreadsheet would run."""

from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ingestion.cli import app
from ingestion.database import ConnectionParameters
from ingestion.export import DICTIONARY, Format, _without_formulas, export_ml, read_exported

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
        "start_position": "Int64",
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
    """Texts alone are touched: a number below zero is a number."""
    export(marts, tmp_path, Format.CSV)
    data = read_exported(tmp_path)
    assert data["series_name"].tolist() == ["'=1+1", "NA", pd.NA, '"a"\nb, ç']
    assert data["cust_id"].tolist() == ["7", "8", "8", "'-8"]
    assert "\n0042,7,'=1+1,3,-1.5,True," in (tmp_path / "ml_training_data.csv").read_text(encoding="utf-8")
    assert read_exported(tmp_path, DICTIONARY)["meaning"].unique().tolist() == ["'-"]


STARTS = (
    "=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "\u00a0=", "\u3000=", "\ufeff=", "\u200b=",
    "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n",
)  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_nothing_that_a_spreadsheet_runs_begins_a_cell(start: str) -> None:
    frame = pd.DataFrame({"name": [f"{start}cmd|' /C calc'!A0", "a=b", None], "number": [-1, 2, 3]}).astype(
        {"name": "string"}
    )
    shown = _without_formulas(frame)
    assert shown["name"].tolist() == [f"'{start}cmd|' /C calc'!A0", "a=b", pd.NA]
    assert shown["number"].tolist() == [-1, 2, 3]


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
