"""The same files in many orders and batches, with repeats, corrections, copies and removals, make the same marts."""

import gzip
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ingestion.reading import file_digest
from tests.conftest import AFTER_FILES, AFTER_RESULTS, AFTER_TELEMETRY, AGAIN, Warehouse
from tests.reliability.conftest import assert_whole, write_small_set

DAY_S = 86_400


def write_rivals(folder: Path, files: list[Path]) -> list[Path]:
    """More files of the same sessions and races: corrections, copies, a hand-edited CSV beside the JSON."""
    written: list[Path] = []

    def write(source: Path, name: str, content: bytes, later_s: float) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        modified = source.stat().st_mtime + later_s
        os.utime(path, (modified, modified))
        written.append(path)

    jsons = sorted(file for file in files if file.suffix == ".json" and b'"subsession_id"' in file.read_bytes())
    for file, later_s in ((jsons[0], DAY_S), (jsons[1], 0), (jsons[2], -DAY_S)):
        # as after a protest: one incident more for everyone; later, at the same time, and earlier than the first
        text = json.dumps(_with_more_incidents(json.loads(file.read_text(encoding="utf-8-sig"))))
        write(file, f"corrected/{file.name}", text.encode(), later_s)
    [pair] = [file for file in files if file.suffix == ".csv" and file.with_name(file.stem[12:] + ".json") in files]
    lines = pair.read_bytes().splitlines(keepends=True)
    write(pair, f"edited/{pair.name}", b"".join(lines[:-1]), 2 * DAY_S)
    telemetry = {name: next(file for file in files if name in file.name) for name in ("alderbrook", "saltmarsh_gp_lap")}
    for file, later_s in zip(telemetry.values(), (DAY_S, -DAY_S), strict=True):
        lines = file.read_bytes().splitlines(keepends=True)
        write(file, f"again/{file.name}", b"".join(lines[: len(lines) * 2 // 3]), later_s)
    garage61 = next(file for file in files if file.name.startswith("Garage 61"))
    write(garage61, "copies/lap.csv", garage61.read_bytes(), -DAY_S)
    write(jsons[3], "copies/renamed.json", jsons[3].read_bytes(), DAY_S)
    write(jsons[3], "copies/packed.json.gz", gzip.compress(jsons[3].read_bytes(), mtime=0), 3 * DAY_S)
    return written


def _with_more_incidents(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: item + 1 if key == "incidents" and isinstance(item, int) else _with_more_incidents(item)
            for key, item in value.items()
        }
    return [_with_more_incidents(item) for item in value] if isinstance(value, list) else value


def forget(warehouse: Warehouse, file_id: str) -> None:
    for table in ("file_blocks", "files", "file_sightings"):
        warehouse.query(f"delete from raw.{table} where file_id = '{file_id}'")


@pytest.fixture(scope="session")
def rivals(harm_folder: Path) -> Path:
    folder = harm_folder / "rivals"
    write_rivals(folder, write_small_set(folder / "made"))
    return folder


@pytest.fixture(scope="session")
def clean(built: Warehouse, rivals: Path) -> Warehouse:
    """All files at once, except the one that the orders remove in the end."""
    made = built.other("in_order", is_copy=True)
    made.run("simrace", "land", *[path for path in paths_in(rivals) if path != removed_from(rivals)])
    made.run("dbt", "build", *AGAIN)
    return made


def paths_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def removed_from(folder: Path) -> Path:
    """A correction that wins while it is there."""
    return min((folder / "corrected").iterdir())


def land_in_some_order(warehouse: Warehouse, folder: Path, chance: random.Random, batches: int) -> None:
    """Land all in batches, each built; some twice, one removed and brought back, one removed for good."""
    paths = paths_in(folder)
    gone = removed_from(folder)
    back = chance.choice([path for path in paths if path != gone])
    order = [path for path in paths if path not in (gone, back)] + chance.choices(paths, k=4)
    chance.shuffle(order)
    order = [gone, *[path for path in order if path != gone]]
    parts: list[Sequence[Path]] = [order[number::batches] for number in range(batches)]
    parts[0] = [*parts[0], back]
    same_as_back = [path for path in paths if _content(path) == _content(back)]
    steps: dict[int, Callable[[], object]] = {
        batches - 2: lambda: forget(warehouse, _content(back)),
        batches - 1: lambda: (forget(warehouse, _content(gone)), warehouse.run("simrace", "land", *same_as_back)),
    }
    for number, part in enumerate(parts):
        warehouse.run("simrace", "land", *part)
        steps.get(number, lambda: None)()
        warehouse.run("dbt", "build", *AGAIN)


def _content(path: Path) -> str:
    if path.suffix == ".gz":
        return _content(path.with_name("renamed.json"))
    return file_digest(path)


def assert_same(built: Warehouse, rivals: Path, clean: Warehouse, seed: int, batches: int) -> None:
    other = built.other(f"order_{seed}_{batches}", is_copy=True)
    land_in_some_order(other, rivals, random.Random(seed), batches)  # noqa: S311 - no secret
    assert_whole(other, clean.checksums())


def test_rivals_compete(clean: Warehouse, rivals: Path) -> None:
    """Without this the orders would prove little: files lose completely and in part, and every sim is there."""
    states = dict(clean.query("select state, count(*) from marts.file_quality group by state"))
    assert {"used", "superseded"} <= states.keys(), states
    formats = {row[0] for row in clean.query("select distinct source_format from staging.stg_files__files")}
    assert len(formats) >= 7, formats


def test_some_order(built: Warehouse, rivals: Path, clean: Warehouse) -> None:
    assert_same(built, rivals, clean, seed=1, batches=2)


def test_what_a_run_leaves_out_is_as_it_would_be(built: Warehouse, rivals: Path, clean: Warehouse) -> None:
    """Built by what the files just landed can change (selectors.yml), the marts equal those of a whole build."""
    paths = [path for path in paths_in(rivals) if path != removed_from(rivals)]
    families = dict(clean.query("select file_id, format_family from staging.stg_files__files"))
    telemetry, results = (
        [path for path in paths if families.get(_content(path)) == family] for family in ("telemetry", "results")
    )
    others = [path for path in paths if path not in (*telemetry, *results)]
    other = built.other("by_family", is_copy=True)
    for part, selection in (
        ([telemetry.pop(), results.pop(), *others], AFTER_FILES),
        ([*telemetry[::2], *results[::2]], AFTER_FILES),
        (telemetry[1::2], AFTER_TELEMETRY),
        (results[1::2], AFTER_RESULTS),
    ):
        other.run("simrace", "land", *part)
        other.run("dbt", "build", *selection)
    assert_whole(other, clean.checksums())
    # what is made by file and not of results is not asked about theirs
    built = "select model, count(*) from ops.built where model like 'int\\_%' group by 1 order by 1"
    assert other.query(built) == clean.query(built) != [], "nothing is due any more"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 3 + int(os.environ.get("SIMRACE_HARM_ORDERS", "12"))))
def test_many_orders(built: Warehouse, rivals: Path, clean: Warehouse, seed: int) -> None:
    assert_same(built, rivals, clean, seed, batches=2 + seed % 4)
