"""What training costs at a hundred thousand rows, and what practice is worth on a season of races with logs of it.

    .venv/bin/python benchmarks/predictions.py --rows 100000       # seconds and megabytes of `simrace train`'s work
    .venv/bin/python benchmarks/predictions.py --practice 84       # so many events, with practice and without

The rows are made up in memory (tests/predictions/seasons.py). The season is written, landed and built on a server of
its own: at each race of iRacing some drivers practise before it, at that race's pace give or take what their qualifying
differs by.
"""

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from bench import ROOT, bench

from simrace.generator.catalogue import CARS
from simrace.generator.iracing_ibt import Recording, write_ibt
from simrace.generator.race import Race, Result
from simrace.generator.season import write_season
from simrace.generator.session import Driver, Session

SEED = 11
COLUMNS = 114  # as many as ml_training_data has features, ratios and practice with them
PRACTISE = 4  # drivers of each race
EARLIER = timedelta(minutes=40)
QUALIFYING_SPREAD, USUAL_SKILL = 0.004, 0.93


def rows(count: int) -> None:
    """Train on so many rows."""
    sys.path.insert(0, str(ROOT))
    from simrace.predictions.train import train
    from tests.predictions.seasons import FIELD, made_up

    made = made_up(races=count // FIELD)
    noise = np.random.default_rng(SEED).normal(size=(len(made.rows), COLUMNS - len(made.features)))
    others = pd.DataFrame(noise, columns=[f"noise_{number}" for number in range(noise.shape[1])])
    known = replace(made, rows=pd.concat([made.rows, others], axis=1), features=(*made.features, *others.columns))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    models = list(train(known, 0))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, of_a_core = time.perf_counter() - began, time.process_time() - cpu
    print(f"{len(known.rows):,} rows, {len(models)} targets: {seconds:.0f} s, {of_a_core:.0f} s of a core")
    print(f"{peak / 1000:,.0f} MB at most, {before / 1000:,.0f} MB before")


def practice(events: int) -> None:
    """Train on a season of races with logs of practice."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        _, _, races = write_season(folder / "season" / "results", events, SEED)
        logs = sum(_practise(folder / "season" / "practice", at, race) for at, race in enumerate(races))
        with bench(folder, "predictions") as here:
            here.run("simrace", "run", folder / "season")
            print(f"{len(races)} races of iRacing, {logs} logs of practice")
            print(here.run("simrace", "train"))
            for line in here.run("simrace", "models", "finish").splitlines():
                if line.startswith("* Practice"):
                    print(line)


def _practise(folder: Path, at: int, race: Race) -> int:
    """Write what some drivers of a race practised before it; how many they are."""
    rng = np.random.default_rng([SEED, 70, at])
    cars = {car.car_id: car for car in CARS}

    def may(result: Result) -> bool:
        entry = result.entry
        return bool(result.average_lap) and entry.car.car_id in cars and not (entry.is_team or entry.drivers[0].is_ai)

    entered = [result for result in race.results if may(result)]
    chosen = sorted(rng.permutation(len(entered))[:PRACTISE].tolist())
    for place in chosen:
        entry = entered[place].entry
        usual = race.layout.length_m / entry.car.mean_mps * 10_000
        slower = (entered[place].average_lap or 0) / usual - 1 + rng.normal(0, QUALIFYING_SPREAD)
        skill = float(np.clip(USUAL_SKILL * (1 + slower) ** -2, 0.7, 0.99))
        session = Session(
            race.layout, cars[entry.car.car_id], Driver(entry.name, skill, 0.008), 3, (SEED, 71, at, place)
        )
        target = folder / f"{race.subsession_id}_{entry.entry_id}"
        write_ibt(target, session, race.started_at - EARLIER, race=race, recording=Recording(number=0))
    return len(chosen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--practice", type=int, metavar="EVENTS")
    asked = parser.parse_args()
    if asked.rows:
        rows(asked.rows)
    if asked.practice:
        practice(asked.practice)
