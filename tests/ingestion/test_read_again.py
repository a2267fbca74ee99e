"""Texts that an older declaration read are read again, whoever is killed meanwhile."""

import os
import signal
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg2
import pytest

from ingestion.formats.identify import check_declarations
from ingestion.read_again import older_readings, read_again
from simrace.database.connection import ConnectionParameters
from tests.ingestion.test_landing import land, query

DECLARED = """
[hill_log]
title = "Hill log"
sim = "hill"
first_row = ["t", "v"]
header = "first_row"
clock = { columns = ["t"] }
"""
# What staging reads of a file, without the ids of rows.
READ = {
    "files": "reading_hash, delimiter, entry_count",
    "file_channels": "channel_number, channel_name, value_type, sample_rate_hz, sample_count, times_channel, details",
    "file_documents": "document_number, document_name, content",
    "channel_blocks": "block_number, channel_number, first_sample, double_values, integer_values",
}


def read_again_until(database: ConnectionParameters, statement: int) -> int:
    """Read again in a process that is killed before it sends its so many-th statement; how it ended."""
    reader = os.fork()
    if reader:
        return os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1])
    numbers = count(1)

    class Cursor(psycopg2.extensions.cursor):
        def execute(self, *arguments: object) -> None:  # type: ignore[override]
            self._strike()
            super().execute(*arguments)  # type: ignore[arg-type]

        def copy_expert(self, *arguments: object) -> None:  # type: ignore[override]
            self._strike()
            super().copy_expert(*arguments)  # type: ignore[arg-type]

        def _strike(self) -> None:
            if next(numbers) == statement:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        check_declarations()
        with closing(psycopg2.connect(database.url, cursor_factory=Cursor)) as connection:
            read_again(connection)
            os._exit(1 if older_readings(connection) else 0)
    finally:
        os._exit(2)


def state(database: ConnectionParameters, file_id: object) -> list[tuple[object, ...]]:
    rows = (
        f"(select jsonb_agg(to_jsonb(own) order by own) from (select {columns} from raw.{table} "
        f"where file_id = '{file_id}') as own)"
        for table, columns in READ.items()
    )
    return query(database, f"select {', '.join(rows)}")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_who_is_killed_while_reading_again_leaves_each_file_as_it_was_or_done(
    database: ConnectionParameters, tmp_path: Path
) -> None:
    declared = Path(os.environ["SIMRACE_HOME"], "formats", "hill.toml")
    declared.parent.mkdir(parents=True)
    declared.write_text(DECLARED)
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for factor, file in enumerate(files, 1):
        file.write_text("t,v\n" + "".join(f"{row},{row * factor}\n" for row in range(1_500)))
    land(database, tmp_path / "home", *files)
    ids = [file_id for (file_id,) in query(database, "select file_id from raw.files order by file_id")]
    before = [state(database, file_id) for file_id in ids]
    declared.write_text(DECLARED.replace('["t"] }', '["t"], form = "milliseconds" }'))

    states = []
    for statement in count(1):
        ended = read_again_until(database, statement)
        states.append([state(database, file_id) for file_id in ids])
        if not ended:
            break
        assert ended == -signal.SIGKILL
    done = states[-1]
    longest = "select max(double_values[cardinality(double_values)]) from raw.channel_blocks where channel_number = 3"
    assert query(database, longest) == [(1.499,)]
    assert all(was != read for was, read in zip(before, done, strict=True))
    for found in states:
        assert all(each in both for each, both in zip(found, zip(before, done, strict=True), strict=True))
    # nothing was done, then the first file, when the second was begun
    assert states[0] == before
    assert [done[0], before[1]] in states
