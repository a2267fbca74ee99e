"""Write `warehouse.tar.xz` anew: a small warehouse of commit 21ed15e, as a user of it has one.

Runs in the environment of that commit, not of this one; `README.md` beside it says how. Everything is invented.
"""

import csv
import os
import shutil
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

from ingestion.build import project_directory
from ingestion.sample import motec, mu
from ingestion.sample.acc_telemetry import write_acc
from ingestion.sample.catalogue import FALCON, KESTREL, MERLIN
from ingestion.sample.garage61 import write_garage61
from ingestion.sample.season import write_season
from ingestion.sample.session import Driver, Session
from ingestion.sample.track import Layout, Turn

HERE = Path(__file__).parent
LOW_RATE_HZ = 5  # few bytes, and still every lap
KEPT = """Time Distance Vehicle_Speed G_Force_Long G_Force_Lat Throttle_Pos Brake_Press Gear Engine_RPM Steered_Angle
    Lap LapDist LapDistPct SessionTime LapCurrentLapTime LapLastLapTime Speed Throttle Brake SteeringWheelAngle LatAccel
    LongAccel YawRate FuelLevel OnPitRoad LFtempCM""".split()  # noqa: SIM905


def short_layout(track: str, config: str, slug: str, lat_deg: float) -> Layout:
    """A lap of half a minute."""
    turns = (Turn(100, -130, 30), Turn(60, -60, 30), Turn(70, -100, 22), Turn(90, -70, 25))
    return Layout(track, config, slug, 901, 805.4, lat_deg, -3.4, 180.0, 20.0, turns, 150)


FROZEN = short_layout("Alderbrook Park", "Club", "alderbrook club", 52.7)  # the layout of which corners are frozen
ALIASED = short_layout("Lindholm", "Inner Ring", "lindholm inner", 59.3)  # whose name is the users' own
FOUND = short_layout("Torrevento", "Full Course", "torrevento full", 40.9)  # nobody froze anything

# What the users of this warehouse have in their seeds, beside the rows that come with simrace.
SEEDS = {
    "driver_aliases": [("motec", "R. OSTLIND", "iracing:411005")],
    "car_aliases": [("motec", "GT3 Falcon", "iracing:811")],
    "track_aliases": [("motec", "Lindholm - Inner Ring", "iracing:lindholm - inner ring")],
    "track_layouts": [("iracing:lindholm - inner ring", "805.4")],
    "track_corners": [
        ("iracing:lindholm - inner ring", "1", "Kiln", "right", "60.0", "100.0", "150.0"),
        ("iracing:lindholm - inner ring", "2", "", "right", "285.0", "310.0", "340.0"),
    ],
    "points_tables": [("club_top_3", "1", "5"), ("club_top_3", "2", "3"), ("club_top_3", "3", "1")],
    "championships": [
        ("club_2026", "Club 2026", "", "", "GT Coast Challenge", "2026", "", "", "club_top_3", "race", "", "1", "", "")
    ],
}


def write_files(folder: Path) -> None:
    motec.ADL_HZ = mu.RATE_HZ = LOW_RATE_HZ
    telemetry = folder / "telemetry"

    def session(number: int, layout: Layout, car: object, driver: str, laps: int) -> Session:
        # Wren, whose session is retired, is nobody's best: what others are compared with is still measured from lines.
        return Session(
            layout, car, Driver(driver, 0.8 if driver.startswith("Wren") else 0.95, 0.01), laps, (21, number)
        )

    motec.write_adl(telemetry, session(1, ALIASED, FALCON, "R. OSTLIND", 2), datetime(2026, 3, 4, 14, 5, tzinfo=UTC))
    for number, driver, day in ((2, "Dagny Morrowby", 18), (3, "Wren Halloran", 20)):
        at = datetime(2026, 3, day, 20, 48, tzinfo=UTC)
        mu.write_mu(telemetry, session(number, FROZEN, MERLIN, driver, 2), at, hand_edited=False)
    write_acc(
        telemetry,
        session(4, FROZEN, MERLIN, "Kester Jelvik", 1),
        datetime(2026, 3, 22, 20, 5, tzinfo=UTC),
        clock_jump=False,
    )
    laps = write_garage61(
        telemetry, session(5, FOUND, KESTREL, "Dagny Morrowby", 2), datetime(2026, 3, 27, 19, 40, tzinfo=UTC), old=False
    )
    laps[0].unlink()  # a whole lap is large, the other is an excerpt
    write_season(folder / "results", 7, 21)
    for path in telemetry.iterdir():
        make_small(path)
    (folder / "notes.csv").write_text("no,format\n1,2\n", encoding="utf-8")  # is refused


def make_small(path: Path) -> None:
    """Keep some columns (of files that are known by theirs: all), four digits of numbers, of ACC one row in ten."""
    changed = path.stat().st_mtime
    text = path.read_text(encoding="utf-8")
    rows = list(csv.reader(text.splitlines()))
    [head] = [number for number, row in enumerate(rows) if set(row) & {"Speed", "SPEED", "Vehicle Speed"}]
    kept = [place for place, name in enumerate(rows[head]) if head == 0 or name.replace(" ", "_") in KEPT]
    if rows[head][0] == "Time" and head == 0:
        rows = rows[:1] + rows[1::10]
    rows = [
        row if number < head or not any(row) else [shortened(rows[head][place], row[place]) for place in kept]
        for number, row in enumerate(rows)
    ]
    quoting = csv.QUOTE_ALL if text.startswith('"') else csv.QUOTE_MINIMAL
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n", quoting=quoting).writerows(rows)
    os.utime(path, (changed, changed))


def shortened(name: str, cell: str) -> str:
    try:
        number = float(cell)
    except ValueError:
        return cell
    digits = 7 if name in ("Time", "SessionTime", "Lat", "Lon", "LapDistPct") else 4
    return f"{number:.{digits}g}" if abs(number) < 10_000 else cell


def simrace(*arguments: str) -> str:
    done = subprocess.run(["simrace", *arguments], check=False, capture_output=True, text=True)  # noqa: S607
    print(done.stdout[-1500:], done.stderr[-1500:])
    done.check_returncode()
    return done.stdout


def query(statement: str) -> list[str]:
    return simrace("db", "psql", "-Atqc", statement).split()


def add_seeds(project: Path, kept: Path) -> None:
    """Append the users' rows to the seeds of the project, and keep them apart as well."""
    kept.mkdir()
    for name, rows in SEEDS.items():
        seed = project / "seeds" / f"{name}.csv"
        header = seed.read_text(encoding="utf-8").splitlines()[0]
        with seed.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        with (kept / seed.name).open("w", encoding="utf-8", newline="") as file:
            file.write(header + "\n")
            csv.writer(file, lineterminator="\n").writerows(rows)


def keep_frozen(project: Path, kept: Path, layout_id: str) -> None:
    """Keep the rows that `simrace corners freeze` wrote, with a name that a user gave."""
    for name in ("track_corners", "track_layouts"):
        seed = project / "seeds" / f"{name}.csv"
        rows = list(csv.reader(seed.read_text(encoding="utf-8").splitlines()))
        if name == "track_corners":
            next(row for row in rows if row[0] == layout_id)[2] = "Mill"
            with seed.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
        with (kept / seed.name).open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(row for row in rows if row[0] == layout_id)


def main() -> None:
    """Files, two runs, frozen corners, one session retired, one file forgotten, one load left half-way."""
    project, here, home = project_directory(), Path.cwd(), Path(os.environ["SIMRACE_HOME"])
    files, kept = Path("files"), Path("seeds")
    write_files(files)
    add_seeds(project, kept)
    simrace("run", str(files))
    simrace("corners", "freeze", "iracing:alderbrook park - club")
    keep_frozen(project, kept, "iracing:alderbrook park - club")
    gone = min((files / "results").glob("8*.json"))
    simrace("forget", str(gone), "--yes")
    retired = query("select session_id from marts.dim_sessions where driver_id = 'iracing:name:Wren Halloran'")
    assert len(retired) == 1, retired
    for session_id in query(f"select session_id from marts.dim_sessions where session_id <> '{retired[0]}'"):
        simrace("pin", session_id)
    simrace("run", str(files))
    simrace("retain", "--apply", "--yes")
    simrace("run", str(files))
    query("delete from ops.dbt_results where node not like '%fct_lap%'")
    leave_load_half_way(files / "late")
    simrace("db", "pg_dump", "--no-owner", "--no-privileges", "--no-comments", "--file", str(here / "warehouse.sql"))
    shutil.rmtree(here / "dlt", ignore_errors=True)
    shutil.copytree(home / "dlt", "dlt", ignore=shutil.ignore_patterns("trace.pickle", "loaded"))
    shutil.copytree(home / "refused", "refused")
    with tarfile.open(HERE / "warehouse.tar.xz", "w:xz", preset=9, format=tarfile.PAX_FORMAT) as archive:
        for name in ("files", "warehouse.sql", "seeds", "dlt", "refused"):
            archive.add(name, filter=without_owner)


def leave_load_half_way(folder: Path) -> None:
    """Land one more file, and kill the process before dlt loads what it has normalised."""
    folder.mkdir()
    source = next(path for path in write_season(Path("more"), 5, 22)[0] if path.suffix == ".csv")
    source.rename(folder / source.name)
    killed = (
        "import os, sys; from dlt.pipeline.pipeline import Pipeline; from ingestion.cli import app; "
        "Pipeline.load = lambda *_, **__: os._exit(9); app(sys.argv[1:])"
    )
    assert subprocess.run([sys.executable, "-c", killed, "land", str(folder)], check=False).returncode == 9


def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    sys.exit(main())
