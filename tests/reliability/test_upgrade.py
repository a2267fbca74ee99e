"""What an older version landed, or was landing when it was stopped, is read by this one.

`first_version` holds both, written by commit 5a2793f: `raw.dump`, and dlt's working folder with a package that waits.
"""

import os
import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psycopg2

from tests.conftest import Warehouse
from tests.reliability.conftest import assert_whole, home_of
from tests.reliability.test_kill import BUILD, empty

FIRST_VERSION = Path(__file__).parent / "first_version"
PACKAGE = "simrace_embedded/load/normalized/1795259297.0847468"
EMPTY_FOLDERS = (  # which git does not keep
    *(f"{PACKAGE}/{state}_jobs" for state in ("started", "failed", "completed")),
    "simrace_embedded/load/loaded",
    "simrace_embedded/load/new",
)


def write_back(warehouse: Warehouse, folder: Path) -> None:
    """The landed files again, out of raw, with the times of their last change."""
    folder.mkdir()
    for name, modified_at, has_bom, lines in warehouse.query(
        "select file_name, modified_at, has_bom, string_agg(lines, '' order by block_number) from raw.files "
        "inner join raw.file_sightings using (file_id) inner join raw.file_blocks using (file_id) "
        "where file_path like 'files/%' group by 1, 2, 3"  # as only the first version's are
    ):
        assert isinstance(modified_at, datetime)
        path = folder / str(name)
        path.write_text(str(lines), encoding="utf-8-sig" if has_bom else "utf-8", newline="")
        os.utime(path, (modified_at.timestamp(), modified_at.timestamp()))


def test_raw_of_the_first_version_and_its_interrupted_load_are_read(
    server: Warehouse, files: Path, harm_folder: Path
) -> None:
    empty(server)
    with closing(psycopg2.connect(server.url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute((FIRST_VERSION / "raw.dump").read_text(encoding="utf-8"))
    dlt_folder = home_of(server) / "dlt"
    shutil.copytree(FIRST_VERSION / "dlt", dlt_folder)
    for folder in EMPTY_FOLDERS:
        (dlt_folder / folder).mkdir()
    old = harm_folder / "old"
    write_back(server, old)
    bad = harm_folder / "bad.csv"
    bad.write_text("no,format\n", encoding="utf-8")
    new = sorted((files / "first").glob("*.csv"))
    done = server.run("simrace", "land", old, bad, *new)
    assert f"{len(new)} landed, 2 already landed, 1 refused" in done.stdout
    assert server.query("select count(*) from raw.rejected_files where _dlt_load_id is not null") == [(1,)]
    names = [str(name) for (name,) in server.query("select file_name from raw.file_sightings")]
    assert "eventresult_28246652.csv" in names  # what was pending came too
    server.run(*BUILD)
    shutil.rmtree(old)
    write_back(server, old)
    clean = server.other("upgraded")
    clean.run("simrace", "land", old, bad, *new)
    clean.run(*BUILD)
    assert_whole(server, clean.checksums())
