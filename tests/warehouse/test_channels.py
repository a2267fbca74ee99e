"""Every channel of a binary log can be asked for, mapped or not, and comes back as it is in the file."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from ingestion.formats.logs.iracing_ibt import FORMAT
from ingestion.formats.logs.log import Channel
from tests.conftest import Warehouse

UNSIGNED, FASTEST = "SessionFlags", "SteeringWheelTorque_ST"  # bits of a u32, and six values in a tick
TICK_S = 1 / 60


@dataclass(frozen=True)
class Log:
    """A log as the file has it: its session, channels, and by their numbers the values."""

    session: str
    channels: dict[str, Channel]
    values: "dict[int, np.ndarray[Any, Any]]"


@pytest.fixture(scope="module")
def log(warehouse: Warehouse) -> Log:
    path = sorted((warehouse.folder / "files").rglob("*.ibt"))[0]
    [(session,)] = warehouse.query(
        "select distinct cast(session_id as text) from marts.log_channels where file_id = ("
        f"select file_id from raw.file_sightings where file_path = '{path}')"
    )
    read = FORMAT.open(path)
    blocks: dict[int, list[np.ndarray[Any, Any]]] = {channel.number: [] for channel in read.channels}
    for block in read.blocks():
        blocks[block.channel_number].append(block.values)
    values = {number: np.concatenate(parts) for number, parts in blocks.items()}
    return Log(str(session), {channel.name: channel for channel in read.channels}, values)


@pytest.fixture
def cursor(warehouse: Warehouse) -> Iterator[Cursor]:
    """Whatever is changed with it is changed back."""
    with closing(psycopg2.connect(warehouse.url)) as connection, connection.cursor() as made:
        yield made
        connection.rollback()


def as_bits(values: "np.ndarray[Any, Any]") -> bytes:
    return np.asarray(values, np.float64).tobytes()


def in_file(log: Log, channel: Channel) -> "np.ndarray[Any, Any]":
    values = log.values[channel.number]
    return values.view(np.uint32) if channel.details["type"] == "bitfield" else values


def test_every_landed_value_comes_back_with_its_clock(warehouse: Warehouse, log: Log) -> None:
    rows = warehouse.query(
        "select channel_number, channel, array_agg(value order by sample_number), "
        "array_agg(elapsed_s order by sample_number), array_agg(sample_number order by sample_number) "
        f"from marts.channel_values where session_id = '{log.session}' group by 1, 2"
    )
    assert {(number, name) for number, name, *_ in rows} == {
        (channel.number, channel.name) for channel in log.channels.values()
    }
    clock = log.values[log.channels["SessionTime"].number]
    rates = set()
    for _, name, values, times, numbers in rows:
        channel = log.channels[str(name)]
        assert as_bits(np.array(values)) == as_bits(in_file(log, channel)), name
        assert numbers == list(range(channel.sample_count))
        in_tick = channel.sample_count // len(clock)
        ticks = np.repeat(clock, in_tick) + np.tile(np.arange(in_tick) * TICK_S / in_tick, len(clock))
        assert np.abs(np.asarray(times) - ticks).max() < 1.1e-6, name
        rates.add(channel.sample_rate_hz)
    assert rates == {60, 360}


def test_the_log_says_what_its_channels_are(warehouse: Warehouse, log: Log) -> None:
    told = warehouse.query(
        "select channel_number, channel, unit, description, rate_hz, sample_count, is_retired from marts.log_channels "
        f"where session_id = '{log.session}' order by 1"
    )
    assert told == [
        (each.number, each.name, each.unit, each.description, each.sample_rate_hz, each.sample_count, False)
        for each in log.channels.values()
    ]
    mapped = warehouse.query(
        "select channel, canonical_channel, is_used from marts.log_channels "
        f"where session_id = '{log.session}' and channel in ('Speed', '{FASTEST}', 'SessionTime') order by 1"
    )
    assert mapped == [("SessionTime", "elapsed_s", True), ("Speed", "speed_kph", True), (FASTEST, None, False)]


def test_samples_and_channels_have_one_clock(warehouse: Warehouse, log: Log) -> None:
    """To the last bit: who joins them by it finds every sample."""
    of = f"where session_id = '{log.session}'"
    [(samples, found, other)] = warehouse.query(
        "select count(*), count(told.value), "
        "count(*) filter (where abs(told.value * 3.6 - samples.speed_kph) > 1e-4) "
        f"from (select elapsed_s, speed_kph from marts.fct_telemetry_samples {of}) as samples "
        f"left join (select elapsed_s, value from marts.channel_values {of} and channel = 'Speed') as told "
        "on samples.elapsed_s = told.elapsed_s"
    )
    assert samples == found != 0
    assert other == 0


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes_of(below)


def test_one_channel_unpacks_its_own_blocks_alone(cursor: Cursor, log: Log) -> None:
    cursor.execute(
        "select count(*) from raw.channel_blocks where channel_number = %s "
        "and file_id = (select min(file_id) from marts.log_channels where session_id = %s)",
        (log.channels["Speed"].number, log.session),
    )
    [(blocks,)] = cursor.fetchall()
    cursor.execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
    cursor.execute(
        "explain (analyze, format json) select * from marts.channel_values "
        f"where session_id = '{log.session}' and channel = 'Speed'"
    )
    [(plans,)] = cursor.fetchall()
    nodes = list(nodes_of((plans if isinstance(plans, list) else json.loads(plans))[0]["Plan"]))
    assert [node["Actual Loops"] for node in nodes if node.get("Alias") == "samples"] == [blocks]
    read = [node for node in nodes if node.get("Relation Name") == "channel_blocks"]
    assert len(read) == 3  # the channel, the clock, times of its own
    assert all(node["Index Name"] == "channel_blocks_file_id" for node in read)


def test_what_was_never_loaded_is_not_told(cursor: Cursor, log: Log) -> None:
    """Blocks of a load that was killed, and channels whose file is forgotten or whose lines are let go."""
    asked = f"select count(*), sum(value) from marts.channel_values where session_id = '{log.session}'"
    once = (log.channels["Speed"].sample_count, pytest.approx(float(log.values[log.channels["Speed"].number].sum())))
    cursor.execute(
        "insert into raw.channel_blocks select file_id, block_number, channel_number, first_sample, float_values, "
        "double_values, integer_values, boolean_values, 'killed' from raw.channel_blocks"
    )
    cursor.execute(f"{asked} and channel = 'Speed'")
    assert cursor.fetchall() == [once]
    cursor.execute(f"insert into ops.retired (session_id, file_id) values ('{log.session}', 'gone')")
    cursor.execute("delete from raw.channel_blocks")
    cursor.execute(asked)
    assert cursor.fetchall() == [(0, None)]
    cursor.execute(f"select distinct is_retired from marts.log_channels where session_id = '{log.session}'")
    assert cursor.fetchall() == [(True,)]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_channels_are_exported_as_they_are(warehouse: Warehouse, log: Log, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"channels.{ending}"
    named = [argument for name in (FASTEST, "Speed", UNSIGNED) for argument in ("--channel", name)]
    said = warehouse.run("simrace", "export", "channels", log.session, *named, "-o", file).stdout
    data = pd.read_csv(file, converters={"value": float}) if ending == "csv" else pd.read_parquet(file)
    assert list(data) == ["channel_number", "channel", "unit", "sample_number", "elapsed_s", "value"]
    channels = sorted((log.channels[name] for name in (FASTEST, "Speed", UNSIGNED)), key=lambda each: each.number)
    assert list(data["channel"].unique()) == [each.name for each in channels]  # in the order of the log
    for channel in channels:
        rows = data[data["channel"] == channel.name]
        assert as_bits(rows["value"].to_numpy()) == as_bits(in_file(log, channel))
        assert (rows["channel_number"] == channel.number).all()
        assert (rows["unit"].fillna("") == channel.unit).all()
        assert rows["elapsed_s"].is_monotonic_increasing
    assert f"{len(data):,} rows" in said


def test_all_channels_are_exported_where_none_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    [(session,)] = warehouse.query(
        "select cast(session_id as text) from marts.log_channels group by 1 order by sum(sample_count), 1 limit 1"
    )
    filled = warehouse.query(
        "select channel_number, sample_count from marts.log_channels "
        f"where session_id = '{session}' and sample_count > 0"
    )
    warehouse.run("simrace", "export", "channels", str(session), "-o", tmp_path / "all.parquet")
    counts = pd.read_parquet(tmp_path / "all.parquet", columns=["channel_number"])["channel_number"].value_counts()
    assert {*counts.items()} == {*filled} != set()


@pytest.mark.parametrize(
    ("channel", "meant"),
    [
        ("speed", "Is it one of these: Speed"),
        ("speed_kph", "Is it one of these: Speed"),
        ("Zeppelin", "has no channel"),
    ],
)
def test_a_wrong_channel_is_told(warehouse: Warehouse, log: Log, tmp_path: Path, channel: str, meant: str) -> None:
    wrong = ("--channel", "Speed", "--channel", channel, "-o", tmp_path / "wrong.csv")
    done = warehouse.run("simrace", "export", "channels", log.session, *wrong, check=False)
    assert (done.returncode, meant in done.stderr) == (1, True), done.stderr
    assert f"no channel {channel}." in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_session_without_a_log_is_told(warehouse: Warehouse, tmp_path: Path) -> None:
    [(text, *_)] = warehouse.query(
        "select cast(session_id as text) from marts.dim_sessions "
        "where session_id not in (select session_id from marts.log_channels) limit 1"
    )
    for session, why in ((str(text), "has no binary log"), ("7", "is no session_id")):
        done = warehouse.run("simrace", "export", "channels", session, "-o", tmp_path / "none.csv", check=False)
        assert (done.returncode, why in done.stderr) == (1, True), done.stderr
    assert not list(tmp_path.iterdir())


def test_a_math_channel_is_one_like_any_other(warehouse: Warehouse, tmp_path: Path) -> None:
    """Of the samples, of each lap, and in an export, also where the session has text logs alone."""
    of_samples = "sqrt(cast(lat_g as float8) * lat_g + cast(long_g as float8) * long_g)"
    [(session, most)] = warehouse.query(
        f"select cast(session_id as text), max({of_samples}) from marts.fct_telemetry_samples "
        "where session_id not in (select session_id from marts.log_channels) and lat_g is not null "
        "group by 1 order by 1 limit 1"
    )
    of = f"where session_id = '{session}' and channel = 'combined_g'"
    assert warehouse.query(f"select max(value) from marts.math_channel_values {of}") == [(most,)]
    laps = warehouse.query(f"select max(maximum) from marts.lap_channel_statistics {of}")
    assert 0 < float(str(laps[0][0])) <= float(str(most)) + 1e-6
    file = tmp_path / "math.csv"
    warehouse.run("simrace", "export", "channels", str(session), "--channel", "combined_g", "-o", file)
    data = pd.read_csv(file, converters={"value": float})
    assert data["value"].max() == most
    assert data["unit"].unique().tolist() == ["g"]
    assert data["sample_number"].tolist() == list(range(len(data)))
