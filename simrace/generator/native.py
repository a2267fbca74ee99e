"""Logs as the sims themselves write them, of drives in races that the season tells of."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from simrace.generator.catalogue import CARS, LAYOUTS, MERLIN, SALTMARSH
from simrace.generator.iracing_ibt import Recording, write_ibt
from simrace.generator.iracing_session_text import entry_of
from simrace.generator.iracing_variables import RATE_HZ, SESSION_OFFSET_S
from simrace.generator.lmu_duckdb import CLOCK_START_S, EVENT_HZ, write_lmu
from simrace.generator.motec_ld import ACC_DRIVEN_HZ, write_acc_ld
from simrace.generator.race import Race
from simrace.generator.session import Driver
from simrace.generator.telemetry import Variant

LOGGED_RACE = "raw"  # an official one, whose document is as the sim's API has it
IN_RACE = timedelta(minutes=25)  # before its end
FLYING_LAPS = 2


def race_log(races: list[Race]) -> Variant:
    """An .ibt of a race of iRacing that one of the regulars drove."""
    race = next(race for race in races if race.variant == LOGGED_RACE)
    driver = Driver("Dagny Morrowby", 0.965, 0.008)
    _, result = entry_of(driver.name, race)
    car = next(car for car in CARS if car.car_id == result.entry.car.car_id)
    write = partial(write_ibt, race=race, recording=Recording(incidents=result.incidents))
    return Variant("ibt", "iracing_ibt", write, race.layout, car, driver, FLYING_LAPS,
                   race.started_at, RATE_HZ, first_number=1, clock_offset_s=SESSION_OFFSET_S)  # fmt: skip


def evening_log(evenings: list[dict[str, Any]]) -> Variant:
    """An .ld with its .ldx of the first evening of ACC, from what is true of the evenings."""
    evening = evenings[0]
    layout = next(layout for layout in LAYOUTS if layout.name == evening["layout"])
    started_at = datetime.fromisoformat(evening["ended_at"]) - IN_RACE
    return Variant("acc_ld", "motec_ld", write_acc_ld, layout, MERLIN, Driver("Kester Jelvik", 0.95), FLYING_LAPS,
                   started_at, ACC_DRIVEN_HZ)  # fmt: skip


def practice_log() -> Variant:
    """A .duckdb of a practice of Le Mans Ultimate; DuckDB writes it, which the extra `simrace[lmu]` installs."""
    return Variant("lmu", "lmu_duckdb", write_lmu, SALTMARSH, MERLIN, Driver("Dagny Morrowby", 0.955, 0.008),
                   FLYING_LAPS, datetime(2025, 5, 30, 18, 12, 40, tzinfo=UTC), EVENT_HZ,
                   clock_offset_s=CLOCK_START_S)  # fmt: skip
