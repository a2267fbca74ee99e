"""The same sessions as the sims' own logs and as exports of them, from files to all marts.

Half of the drives are iRacing's (.ibt, and Mu's CSV), half are ACC's (.ld with .ldx, and the CSV that i2 exports).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import NO_TESTS, Size, bench, table

from simrace.generator.catalogue import ALDERBROOK, FALCON, MERLIN, SALTMARSH
from simrace.generator.iracing_ibt import write_ibt
from simrace.generator.motec import write_acc_export
from simrace.generator.motec_ld import write_acc_ld
from simrace.generator.mu import write_mu
from simrace.generator.session import Driver, Session

FIRST = datetime(2025, 6, 2, 18, 0, tzinfo=UTC)
FLYING_LAPS = 4


def write(native: Path, exports: Path, sessions: int) -> None:
    """Drive each session once and write it both ways."""
    for number in range(sessions):
        started_at = FIRST + timedelta(hours=number)
        if number % 2:
            session = Session(SALTMARSH, FALCON, Driver("Kester Jelvik"), FLYING_LAPS, (1, number))
            write_acc_ld(native, session, started_at)
            write_acc_export(exports, session, started_at)
        else:
            session = Session(ALDERBROOK, MERLIN, Driver("Dagny Morrowby"), FLYING_LAPS, (1, number))
            write_ibt(native, session, started_at)
            write_mu(exports, session, started_at, hand_edited=False)


def run(folder: Path, size: Size) -> dict[str, Any]:
    """Land and build the sessions in both forms, each in a warehouse of its own."""
    write(folder / "native", folder / "exports", size.sessions)
    told: dict[str, Any] = {"sessions": size.sessions}
    for name in ("native", "exports"):
        with bench(folder, name) as here:
            landing_s = here.timed("simrace", "land", folder / name)
            build_s = here.timed("dbt", "build", *NO_TESTS)
            samples, laps, raw_bytes = here.query(
                "select (select count(*) from marts.fct_telemetry_samples), (select count(*) from marts.fct_laps), "
                "(select sum(pg_total_relation_size(relid)) from pg_stat_user_tables where schemaname = 'raw')"
            )[0]
        told[name] = {
            "files_mb": sum(path.stat().st_size for path in (folder / name).iterdir()) / 1e6,
            "landing_s": landing_s, "build_s": build_s, "samples": samples, "laps": laps,
            "raw_mb": float(raw_bytes) / 1e6,
        }  # fmt: skip
    native, exports = told["native"], told["exports"]
    told["native_to_exports"] = (native["landing_s"] + native["build_s"]) / (exports["landing_s"] + exports["build_s"])
    return told


def lines(told: dict[str, Any]) -> list[str]:
    """Of the Markdown."""
    ratio = told["native_to_exports"]
    parts = [f"{told['sessions']} sessions from files to all marts: native logs take {ratio:.2f} of their exports.", ""]
    for name, title in (("native", "`.ibt`, `.ld` and `.ldx`"), ("exports", "CSV of Mu and i2")):
        parts += table((title, "measured"), ((figure, f"{value:,.1f}") for figure, value in told[name].items()))
    return parts
