"""What text loggers write of one drive is in the marts as it was driven."""

import numpy as np
import pytest

from tests.conftest import TESTED_AFTER_TELEMETRY, Warehouse
from tests.text_samples import LAP_TIMES_S, Drive, Sample, drive, text_samples

SAMPLES = text_samples()
# Values of the drive by canonical channel, and how far a file may be off by its digits and its rate.
DRIVEN: dict[str, tuple[str, float, float]] = {
    "speed_kph": ("speed_mps", 3.6, 1),
    "gps_speed_kph": ("speed_mps", 3.6, 1),
    "throttle_ratio": ("throttle", 1, 0.02),
    "brake_ratio": ("brake", 1, 0.02),
    "gear": ("gear", 1, 0),
    "rpm": ("rpm", 1, 20),
    "lat_g": ("lat_g", 1, 0.02),
    "long_g": ("long_g", 1, 0.02),
    "yaw_rate_dps": ("yaw_rate_dps", 1, 0.5),
    "lat_deg": ("lat_deg", 1, 2e-5),
    "lon_deg": ("lon_deg", 1, 2e-5),
    "altitude_m": ("altitude_m", 1, 0.2),
    "lap_number": ("lap", 1, 0),
    "distance_m": ("distance_m", 1, 1),
    # the drive has no wheel: samples turn it by a degree for each degree a second
    "steering_deg": ("yaw_rate_dps", 1, 0.5),
}
# Of formats whose rows say when the clock of their session was 0: what tells a session of another driver or car.
OTHERS = {
    "racechrono_csv": ("Driver name,", "Driver name,Bo Marsh"),
    "trackaddict_csv": ("# GPS: Android", "# Vehicle: Wren\n# GPS: Android"),
}


def pieces(sample: Sample) -> dict[str, str]:
    """Two files of one other session, by name: the first two thirds of a sample and the last two."""
    text = sample.text.replace(*OTHERS[sample.source_format])
    lines = text.splitlines(keepends=True)
    first = next(place for place, line in enumerate(lines) if line[:1].isdigit())
    third = (len(lines) - first) // 3
    rows = {"first": lines[first:-third], "last": lines[first + third :]}
    return {f"{sample.source_format}.{name}.csv": "".join(lines[:first] + part) for name, part in rows.items()}


@pytest.fixture(scope="module")
def loggers(built: Warehouse) -> Warehouse:
    other = built.other("text loggers", is_copy=True)
    folder = other.folder / "text"
    folder.mkdir()
    for sample in SAMPLES:
        (folder / f"{sample.source_format}.{sample.file_name}").write_bytes(sample.text.encode())
        if sample.source_format in OTHERS:
            for name, text in pieces(sample).items():
                (folder / name).write_bytes(text.encode())
    other.run("simrace", "land", folder)
    other.run("dbt", "build", *TESTED_AFTER_TELEMETRY)
    return other


def session_of(loggers: Warehouse, file_name: str) -> str:
    [(session,)] = loggers.query(
        "select cast(files.session_id as text) from intermediate.int_telemetry_session_files as files "
        "inner join raw.file_sightings as sightings on files.file_id = sightings.file_id "
        f"where sightings.file_name = '{file_name}'"
    )
    return str(session)


def pace_laps(loggers: Warehouse, session: str) -> list[tuple[int, float]]:
    rows = loggers.query(
        "select lap_number, lap_time_s from marts.fct_laps "
        f"where session_id = '{session}' and lap_class = 'pace' order by lap_number"
    )
    return [(int(str(number)), float(str(time))) for number, time in rows]


def identified(sample: Sample) -> str:
    return f"{sample.source_format}.{sample.file_name}"


@pytest.mark.parametrize("sample", SAMPLES, ids=identified)
def test_samples_are_what_was_driven(loggers: Warehouse, sample: Sample) -> None:
    rows = loggers.query(
        f"select elapsed_s, {', '.join(sample.channels)} from marts.fct_telemetry_samples "
        f"where session_id = '{session_of(loggers, identified(sample))}' order by elapsed_s"
    )
    assert rows
    found = np.array(rows, np.float64).T
    truth = drive(200)
    elapsed = found[0] - found[0][0]
    for name, values in zip(sample.channels, found[1:], strict=True):
        attribute, factor, off = DRIVEN[name]
        due = _at(truth, attribute, elapsed + sample.begins_s) * factor
        # behind its last fix a slow receiver is where it was
        told = ~np.isnan(values) & (elapsed < elapsed[-1] - 0.5)
        assert told.mean() > 0.9, name
        # whole numbers change between two samples
        wrong = np.abs(values - due)[told] > off
        assert wrong.mean() <= (0.03 if off == 0 else 0), (name, values[told][wrong][:5], due[told][wrong][:5])


def _at(truth: Drive, attribute: str, elapsed: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> "np.ndarray":  # type: ignore[type-arg]
    values = getattr(truth, attribute)
    if attribute in ("gear", "lap"):
        return values[np.searchsorted(truth.time_s, elapsed + 1e-9, side="right") - 1]  # type: ignore[no-any-return]
    return np.interp(elapsed, truth.time_s, values)


@pytest.mark.parametrize("sample", SAMPLES, ids=identified)
def test_laps_are_those_that_were_driven(loggers: Warehouse, sample: Sample) -> None:
    laps = pace_laps(loggers, session_of(loggers, identified(sample)))
    if sample.lap_time_off_s is None:
        assert not laps
    else:
        # the part before the first line is lap 0, whatever the logger counts from
        assert [number for number, _ in laps] == list(range(1, len(LAP_TIMES_S) + 1))
        assert [time for _, time in laps] == pytest.approx(LAP_TIMES_S, abs=sample.lap_time_off_s)


@pytest.mark.parametrize("source_format", OTHERS)
def test_pieces_that_overlap_are_one_session_with_each_row_once(loggers: Warehouse, source_format: str) -> None:
    [sample] = [sample for sample in SAMPLES if sample.source_format == source_format]
    sessions = {session_of(loggers, name) for name in pieces(sample)}
    [session] = sessions
    assert session != session_of(loggers, identified(sample))
    rows = loggers.query(f"select elapsed_s from marts.fct_telemetry_samples where session_id = '{session}' order by 1")
    assert [float(str(elapsed)) for (elapsed,) in rows] == pytest.approx(drive().time_s.tolist())
    files = loggers.query(
        "select session_files.is_used from intermediate.int_telemetry_session_files as session_files "
        f"where session_id = '{session}'"
    )
    assert files == [(True,), (True,)]
    laps = [time for _, time in pace_laps(loggers, session)]
    assert laps == pytest.approx(LAP_TIMES_S, abs=sample.lap_time_off_s)


@pytest.mark.parametrize("sample", SAMPLES, ids=identified)
def test_every_row_is_accounted_for(loggers: Warehouse, sample: Sample) -> None:
    [(state, read, loaded, refused)] = loggers.query(
        "select quality.state, quality.lines_read, quality.lines_loaded, quality.lines_refused "
        "from marts.file_quality as quality "
        "inner join raw.file_sightings as sightings on quality.file_id = sightings.file_id "
        f"where sightings.file_name = '{identified(sample)}'"
    )
    assert state == "used"
    assert refused == sample.rows_refused
    assert read == int(str(loaded)) + int(str(refused))
    quarantined = loggers.query(
        "select quarantined.line_number, quarantined.line from marts.quarantined_rows as quarantined "
        "inner join raw.file_sightings as sightings on quarantined.file_id = sightings.file_id "
        f"where sightings.file_name = '{identified(sample)}'"
    )
    text = sample.text.splitlines()
    assert [line for _, line in quarantined] == [text[int(str(number)) - 1] for number, _ in quarantined]
    assert len(quarantined) == sample.rows_refused


def test_what_a_program_writes_beside_sims_is_of_the_sim_that_it_names(loggers: Warehouse) -> None:
    [sample] = [sample for sample in SAMPLES if sample.source_format == "crewchief_influx_csv"]
    [found] = loggers.query(
        "select sessions.sim, count(samples.steering_deg) > 0, count(samples.rpm) from marts.dim_sessions as sessions "
        "inner join marts.fct_telemetry_samples as samples on sessions.session_id = samples.session_id "
        f"where sessions.session_id = '{session_of(loggers, identified(sample))}' group by sessions.sim"
    )
    assert found == ("iracing", True, 0)


def test_a_number_that_stands_for_no_value_is_none(loggers: Warehouse) -> None:
    [sample] = [sample for sample in SAMPLES if sample.source_format == "assetto_corsa_lap_clock_csv"]
    session = session_of(loggers, identified(sample))
    read = "select count(*), count(speed_kph), count(air_temp_c) from marts.fct_telemetry_samples"
    [(samples, speeds, temperatures)] = loggers.query(f"{read} where session_id = '{session}'")
    assert samples == speeds
    assert temperatures == 0
