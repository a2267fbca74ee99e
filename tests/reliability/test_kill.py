"""A run may be killed at any moment: the next one makes it good."""

import os
import random
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.conftest import NO_TESTS, Warehouse
from tests.reliability.conftest import administer, assert_whole, home_of
from tests.reliability.kill import ANY, PHASES, VICTIMS, Strike, strike

ROUNDS = 50
LANDING = ("extract", "normalise", "load", "record")
READ = {
    "files": "file_id, file_bytes, encoding, has_bom, newline, source_format, format_family, delimiter, quoting, "
    "header_line, units_line, first_data_line, line_count",
    "file_sightings": "file_id, file_path, file_name, modified_at",
    "file_blocks": "file_id, block_number, first_line, line_count, md5(lines)",
    "file_channels": "file_id, channel_number, channel_name, unit, value_type, sample_rate_hz, sample_count, details",
    "file_documents": "file_id, document_number, document_name, md5(concat(content, original, data))",
    "channel_blocks": "file_id, block_number, channel_number, first_sample, "
    "md5(concat(float_values, double_values, integer_values, boolean_values))",
}
RUN_S = 15
BUILD = ("dbt", "build", "--select", "+fct_race_laps", "+dim_sessions", "+landed_files", "+landed_blocks", *NO_TESTS)


def copy_database(server: Warehouse, template: str, name: str) -> None:
    with closing(administer(server)) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database if exists {name} with (force)")
        cursor.execute(f"create database {name} template {template}")


def empty(server: Warehouse, template: str = "template0") -> None:
    """Make the embedded server's own database anew, and dlt's working folder."""
    server.run("simrace", "db", "start")
    copy_database(server, template, "simrace")
    shutil.rmtree(home_of(server) / "dlt", ignore_errors=True)


def landed(server: Warehouse) -> dict[str, object]:
    """What staging reads from raw, without the times of landing."""
    complete = "_dlt_load_id in (select load_id from raw._dlt_loads where status = 0)"
    return {
        table: server.query(f"select distinct {columns} from raw.{table} where {complete} order by {columns}")
        for table, columns in READ.items()
    }


def test_killed_between_the_rows_and_their_record(server: Warehouse, files: Path) -> None:
    """And in a model of dbt; whoever is killed, the next run lands and builds the same."""
    chance = random.Random(1)  # noqa: S311 - no secret
    clean = server.other("clean")
    clean.run("simrace", "land", files)
    clean.run(*BUILD)
    empty(server)
    batches = [sorted((files / folder).iterdir()) for folder in ("first", "then")]
    server.run("simrace", "land", *batches[0])
    half = len(batches[1]) // 2
    for victim, batch in (("process", batches[1][:half]), ("postmaster", batches[1][half:])):
        with closing(psycopg2.connect(server.url)) as trap, trap.cursor() as cursor:
            cursor.execute("lock table raw._dlt_loads in share row exclusive mode")
            blow = strike(server, victim, "record", chance, RUN_S, "simrace", "land", *batch)
        assert blow and blow.phase == "record"
        assert blow.ended and "Traceback" not in blow.output, blow.output
        server.run("simrace", "land", *batch)
    for victim in ("process", "backend"):
        blow = strike(server, victim, "models", chance, RUN_S, *BUILD)
        assert blow and blow.ended, blow
    server.run("simrace", "land", files)
    server.run(*BUILD)
    assert_whole(server, clean.checksums())


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_makes_it_good(
    server: Warehouse, unharmed: Warehouse, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every second round begins with half of the files landed and built.

    After a kill in dbt the marts are compared, after one in landing always raw, and the marts every fourth time.
    """
    seed = int(os.environ.get("SIMRACE_HARM_SEED", "1"))
    rounds = int(os.environ.get("SIMRACE_HARM_ROUNDS", ROUNDS))
    chance = random.Random(seed)  # noqa: S311 - no secret
    marts, raw = unharmed.checksums(), landed(unharmed)
    empty(server)
    server.run("simrace", "run", files / "first")
    half_done = server.folder / "half"
    shutil.copytree(home_of(server) / "dlt", half_done)
    copy_database(server, "simrace", "half")
    struck: list[Strike] = []
    while len(struck) < rounds:
        victim, aim = chance.choice(VICTIMS), chance.choice((*PHASES, ANY, ANY))
        if is_half := chance.random() < 0.5:
            empty(server, "half")
            shutil.copytree(half_done, home_of(server) / "dlt")
        else:
            empty(server)
        blow = strike(server, victim, aim, chance, RUN_S, "simrace", "run", files)
        if not blow:
            continue
        struck.append(blow)
        told = (
            f"seed {seed}, round {len(struck)}: {victim} killed in {blow.phase} (aim: {aim}) after {blow.after_s:.2f} s"
        )
        with capsys.disabled():
            print(f"\n{told}{', half' if is_half else ''}: {blow.ended}", end="", flush=True)
        assert "Traceback" not in blow.output, f"{told}\n{blow.output}"
        # A run survives the loss of a server that it does not need yet, or of a backend that it no longer needs.
        assert blow.ended != 0 or blow.victim != "process", f"{told}\n{blow.output}"
        if chance.random() < 0.1:  # a home that is lost with the machine
            shutil.rmtree(home_of(server) / "dlt", ignore_errors=True)
        server.run("simrace", "land", files)
        assert landed(server) == raw, told
        if blow.phase not in LANDING or chance.random() < 0.25:
            server.run("dbt", "build", *NO_TESTS)
            assert_whole(server, marts)
    server.run("simrace", "run", files)
    server.run("simrace", "verify")
    with capsys.disabled():
        print("\n", Counter((blow.victim, blow.phase) for blow in struck))
