"""`simrace format check` says what a file is, and drafts the declaration of one that nobody knows."""

from collections import defaultdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingestion.formats.identify import check_declarations, declared_formats, identify
from ingestion.landing import rows_of
from ingestion.outcomes import Outcome
from ingestion.reading import read_content
from ingestion.sources import open_sources
from ingestion.warehouse import Landed
from simrace.cli.app import app
from simrace.operations.format_check import check_file

SEMICOLON = "Zeit (s);Tempo (km/h);Gas (%)\n" + "".join(
    f"{row * 0.05:.2f};{80 + row},5;{row}\n".replace(".", ",") for row in range(40)
)
OF_DAY = "Recorder 7\nPilot\tAda\n\nClock\tV\tRPM\nhms\tm/s\t1/min\n" + "".join(
    f"13:59:5{row // 10}.{row % 10}\t{row}.5\t{3000 + row}\n" for row in range(40)
)
SECTIONS = "[about]\nlogger Kestrel\n\n[names]\ntime\nspeed\nrpm\n\n[rows]\n" + "".join(
    f"1359{20 + row // 10}.{row % 10}0  {row}.25 {4000 + row}\n" for row in range(40)
)
SPARSE = "Two rates\n\nTime [s],Speed [km/h],Oil [C]\n" + "".join(
    f"{row * 0.1:.1f},{60 + row}.5,{90 if row % 5 == 0 else ''}\n" for row in range(40)
)
EPOCH = "# Box of a garage\n# mine\nstamp,speed,pedal\n" + "".join(
    f"{1_770_000_000_000 + 50 * row},{row}.5,0.{row:02}\n" + ("# lap\n" if row == 20 else "") for row in range(40)
)
# text, delimiter, form of the clock, columns, seconds
UNKNOWN = {
    "semicolon": (SEMICOLON, ";", "seconds", [("Zeit", "s"), ("Tempo", "km/h"), ("Gas", "%")], 1.95),
    "of_day": (OF_DAY, "\t", "clock_of_day", [("Clock", "hms"), ("V", "m/s"), ("RPM", "1/min")], 3.9),
    "sections": (SECTIONS, " ", "clock_digits", [("time", ""), ("speed", ""), ("rpm", "")], 3.9),
    "sparse": (SPARSE, ",", "seconds", [("Time", "s"), ("Speed", "km/h"), ("Oil", "C")], 3.9),
    "epoch": (EPOCH, ",", "unix_milliseconds", [("stamp", ""), ("speed", ""), ("pedal", "")], 1.95),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIMRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_draft_reads_the_file_that_it_was_made_of(home: Path, tmp_path: Path, name: str) -> None:
    text, delimiter, form, columns, seconds = UNKNOWN[name]
    file = tmp_path / f"{name}.txt"
    file.write_text(text)
    done = CliRunner().invoke(app, ["format", "check", "--write", str(file)])
    assert done.exit_code == 0, done.output
    check_declarations()
    (declared,) = declared_formats()
    assert declared.known.reading
    assert declared.known.reading.clock.form == form
    assert not declared.channels  # what they mean is for a person to say
    identity = identify(read_content(file))
    assert (identity.source_format, identity.delimiter, identity.entry_count) == (name, delimiter, 40)
    assert identity.log
    named = [(each.name, each.unit) for each in identity.log.channels if "role" not in each.details]
    assert named == columns
    values: dict[int, list[float]] = defaultdict(list)
    for block in identity.log.blocks():
        values[block.channel_number] += block.values.tolist()
    (clock,) = (each for each in identity.log.channels if each.details.get("role") == "clock")
    assert values[clock.number][-1] == pytest.approx(seconds)
    assert not any(each.details.get("role") == "fault" for each in identity.log.channels)
    counts = [each.sample_count for each in identity.log.channels[1:3]]
    assert counts == [40, 8 if name == "sparse" else 40]


def test_a_channel_is_proposed_where_its_name_and_unit_are_known(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(SPARSE.replace("Speed [km/h],Oil [C]", "Vehicle Speed [mph],Speed"))
    told = CliRunner().invoke(app, ["format", "check", str(file)]).stdout
    assert '# { name = "Vehicle Speed", unit = "mph", channel = "speed_kph", factor = 1.609344 }' in told
    assert '# { name = "Speed", channel = "" }' in told  # without a unit nobody knows
    assert not (home / "formats").exists()


def test_what_is_known_is_told_with_its_channels(home: Path, tmp_path: Path) -> None:
    (home / "formats").mkdir(parents=True)
    (home / "formats" / "own.toml").write_text(
        '[own_log]\ntitle = "Own"\nsim = "own"\nfirst_row = ["Two rates"]\nheader = "after_preamble"\n'
        'unit_in_name = "[]"\nclock = { columns = ["Time"] }\n[[own_log.channels]]\nname = "Speed"\nunit = "km/h"\n'
        'channel = "speed_kph"\n'
    )
    (tmp_path / "log.csv").write_text(SPARSE)
    done = CliRunner().invoke(app, ["format", "check", str(tmp_path / "log.csv")])
    rows = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("│")}
    assert "own_log" in done.stdout and "rows a second: 10" in done.stdout
    assert "speed_kph = 1 x" in rows["Speed"] and "60.5, 61.5, 62.5" in rows["Speed"]
    assert "not mapped" in rows["Oil"] and " 8 " in rows["Oil"]
    assert "own_log: Own, 1 channels" in CliRunner().invoke(app, ["format", "list"]).stdout


OWN = '# mine\n[own_log]\ntitle = "Own"\nsim = "own"\nfirst_row = ["Own"]\nheader = "first_row"\n'
CLOCK = 'clock = { columns = ["t"] }\n'


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (OWN, "line 2: [own_log] needs a clock"),
        (OWN.replace('title = "Own"\n', "") + CLOCK, "line 2: [own_log] needs a title"),
        (OWN.replace('"own"', '"Own sim"') + CLOCK, "line 4: [own_log] needs for sim a to z"),
        (OWN + CLOCK + "date_order = 'ymd'", "line 8: [own_log] has for date_order 'ymd'; there are: dmy, mdy"),
        (OWN + CLOCK + "source_rank = 0", "line 8: [own_log] needs for source_rank a number over 0"),
        (OWN + CLOCK + "default_sample_rate_hz = nan", "line 8: [own_log] needs for default_sample_rate_hz"),
        (OWN + CLOCK + "pet = 1", "line 8: [own_log] has no key 'pet'"),
        (OWN + CLOCK + "channels = ['v']", "line 8: [own_log] needs for channels a list of tables"),
        (OWN + CLOCK + "channels = [ # {\n{ name = '{', channel = 'rpm' },\n{ name = 'v' }]",
         "line 10: [own_log.channels] needs a channel"),
        (OWN + CLOCK + "channels = [\n{ name = 'v', channel = 'rpms' }]", "line 9: [own_log.channels] has for channel"),
        (OWN + CLOCK + "[[own_log.channels]]\nname = 'v'\nchannel = 'rpm'\nfactor = 0",
         "line 8: [own_log.channels] needs for factor"),
        (OWN + CLOCK + "channels = [{ name = 'v', channel = 'rpm' },\n{ name = 'v', channel = 'gear' }]",
         "line 9: [own_log.channels] has 'v' a second time"),
        (OWN.replace("own_log", "vbo") + CLOCK, "line 2: [vbo] is the name of a format that comes with simrace"),
        (OWN.replace("own_log", "Own-log") + CLOCK, "line 2: [Own-log] needs a name of a to z"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(home: Path, declared: str, told: str) -> None:
    (home / "formats").mkdir(parents=True)
    (home / "formats" / "own.toml").write_text(declared)
    done = CliRunner().invoke(app, ["format", "list"])
    assert done.exit_code == 1
    assert f"{home / 'formats' / 'own.toml'}, {told}" in done.output


def test_a_name_stands_for_one_format(home: Path) -> None:
    (home / "formats").mkdir(parents=True)
    for name in ("a", "b"):
        (home / "formats" / f"{name}.toml").write_text(OWN + CLOCK)
    done = CliRunner().invoke(app, ["format", "list"])
    assert (
        f"{home / 'formats' / 'b.toml'}, line 2: [own_log] stands in {home / 'formats' / 'a.toml'} too" in done.output
    )


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("stint.IBT", b"\x8f\x00\x01", "it is named as an iRacing log is, and does not begin as one"),
        ("stint.ld", b"a,b\n\x00,1\n", "it is named as a MoTeC log is, and does not begin as one"),
        ("stint.csv", b"a,b\n\x00,1\n", "NUL character in line 2"),
    ],
)
def test_what_is_named_as_a_binary_log_and_is_none_is_told(home: Path, name: str, data: bytes, told: str) -> None:
    file = home.parent / name
    file.write_bytes(data)
    assert str(check_file(file).refusal).endswith(told)
    outcomes: list[Outcome] = []
    list(rows_of(open_sources([file]), Landed(), outcomes))
    assert str(outcomes[0].refusal).endswith(told)
