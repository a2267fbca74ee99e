"""A warehouse as a league publishes it: a role for each task, pseudonyms for drivers, and secrets that stay secret.

One database, in which the loader lands the files of the shared warehouse and the transformer builds them.
"""

import hashlib
import hmac
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
import pytest

from ingestion.settings import PSEUDONYM_VARIABLE
from simrace.database.pseudonyms import session_options
from simrace.database.roles import LOADER, READER, ROLES, TRANSFORMER, password_variable
from simrace.database.settings import DEFAULTS, build_url, dbt_variables, parse_url
from simrace.generator.assetto_corsa_results import FIRST_GUID
from simrace.generator.drivers import FIRST_NAMES, LAST_NAMES, REGULARS, make_ai, make_pool, make_visitors
from simrace.operations.forget import find_driver
from tests.conftest import NO_TESTS, Warehouse
from tests.parsed_project import give_parsed_project

KEY = "seKretKey-of-the-pseudonyms-0123456789"
OTHER_KEY = "another-seKretKey-of-the-pseudonyms-0123456789"
PASSWORDS = {role: f"seKretPassword-of-{role}" for role in ROLES}
ME = "Ingolf Meinhardtsen"
WITH_ME = ("--vars", json.dumps({"me": ME}))
# Columns that differ with pseudonyms; all others must stay the same.
IDENTITIES = {
    "driver_id", "driver_id_before", "driver_id_after", "opponent_id", "entrant_id", "entry_id", "team_id", "cust_id",
    "driver_name", "team_name", "entrant_name", "event_name", "setup_name", "file_name", "detail", "line",
    "layout_key", "file_id", "landed_at",
    "model_id", "race_key", "entry_key",
    "sim_kind", "code",  # a sentence of a sim can name somebody
}  # fmt: skip


@dataclass(frozen=True)
class Published:
    """The warehouse, and all that was printed while it was made.

    Attributes:
        warehouse: Whose environment names the transformer and the key.
        printed: Standard output and errors of every command.
    """

    warehouse: Warehouse
    printed: list[str]

    def login(self, role: str, password: str | None = None, **more: str) -> Warehouse:
        settings = {**parse_url(self.warehouse.url), "user": role, "password": password or PASSWORDS[role]}
        here = {"SIMRACE_DATABASE_URL": build_url(settings), **more}
        return replace(self.warehouse, environment={**self.warehouse.environment, **here})

    def with_vars(self, name: str) -> Warehouse:
        """With a folder for dbt's target of its own: where values are given, dbt parses the project anew."""
        return replace(
            self.warehouse,
            environment={**self.warehouse.environment, "DBT_TARGET_PATH": str(self.warehouse.folder / name)},
        )

    def run(self, warehouse: Warehouse, *command: str | Path, fails: bool = False) -> str:
        done: subprocess.CompletedProcess[str] = warehouse.run(*command, check=False)
        said = done.stdout + done.stderr
        self.printed.append(said)
        assert (done.returncode != 0) == fails, said
        return said


@pytest.fixture(scope="module")
def published(warehouse: Warehouse) -> Published:
    admin = warehouse.other("published")
    admin.environment["SIMRACE_HOME"] = str(admin.folder / "home")
    for role, password in PASSWORDS.items():
        admin.environment[password_variable(role)] = password
    made = Published(admin, [])
    made.run(admin, "simrace", "db", "roles")
    for role in ROLES:
        del admin.environment[password_variable(role)]
    made.run(made.login(LOADER), "simrace", "land", warehouse.folder / "files")
    made = replace(made, warehouse=made.login(TRANSFORMER, SIMRACE_PSEUDONYM_KEY=KEY))
    give_parsed_project({**made.warehouse.environment, **by_hand(made.warehouse)})
    on = ("--vars", "pseudonymise: true", "--select", "+stg_files__sightings")
    made.run(made.with_vars("on"), "simrace", "dbt", "run", *on)
    # The warehouse remembers, so no option is needed.
    made.run(made.warehouse, "simrace", "dbt", "--debug", "build", *NO_TESTS)
    return made


def by_hand(warehouse: Warehouse) -> dict[str, str]:
    """What plain dbt needs to know of the database."""
    return dbt_variables({**DEFAULTS, **parse_url(warehouse.url)})


def _pseudonym(text: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]


def _values(warehouse: Warehouse, name: str, query: str) -> set[str]:
    return {str(value) for (value,) in warehouse.query(f"select distinct {name} from {query}") if value is not None}


@pytest.fixture(scope="module")
def personal(warehouse: Warehouse) -> set[str]:
    """Names and ids that the shared warehouse shows and this one must not, and those of the whole pool of drivers."""
    drivers = _values(warehouse, "driver_id", "marts.dim_drivers") - {"acc:0"}
    found = {driver.partition(":")[2] for driver in drivers} | {driver.rpartition(":")[2] for driver in drivers}
    for column, relation in (
        ("driver_name", "marts.dim_driver_versions"),
        ("team_name", "marts.fct_race_results"),
        ("file_name", "marts.file_quality"),
        ("driver_name", "staging.driver_aliases"),
        ("split_part(driver_id, ':', 2)", "staging.driver_aliases"),
        ("team_id", "(select * from marts.fct_race_team_results where team_id like '-%') as teams"),
        ("event_name", "(select * from marts.dim_event_sessions where sim = 'iracing') as hosted"),
    ):
        found |= _values(warehouse, column, relation)
    pool = [*make_pool(1), *make_visitors()]
    found |= {str(FIRST_GUID + racer.cust_id) for racer in pool}
    found |= {racer.name for racer in (*pool, *make_ai(3, 1))} | {racer.player_id for racer in pool}
    found |= {str(racer.cust_id) for racer in pool} | set(REGULARS.values()) | {*FIRST_NAMES, *LAST_NAMES} - {"Liv"}
    # An ACC server says in its own name who keeps it; it is part of the race's id.
    servers = _values(warehouse, "event_name", "(select * from marts.dim_event_sessions where sim = 'acc') as races")
    found = {name for name in found if not any(name in server for server in servers)}
    assert len(found) > 150
    return found | {ME}


def _texts(warehouse: Warehouse) -> Iterator[tuple[str, str]]:
    """Column, and everything in it, of all the marts but for figures; each mart, which may be a view, is read once."""
    marts = warehouse.query(
        "select table_name, array_agg(cast(column_name as text) order by column_name) from information_schema.columns "
        "where table_schema = 'marts' and data_type in ('text', 'uuid', 'bigint', 'ARRAY', 'jsonb') group by 1"
    )
    for mart, columns in marts:
        assert isinstance(columns, list)
        # hashed, where `string_agg(distinct ...)` sorts
        texts = ", ".join(
            f"(select string_agg(text, chr(10)) from (select distinct cast({column} as text) as text from mart) as _)"
            for column in columns
        )
        read = ", ".join(map(str, columns))
        [values] = warehouse.query(f"with mart as materialized (select {read} from marts.{mart}) select {texts}")
        yield from ((f"{mart}.{column}", str(value or "")) for column, value in zip(columns, values, strict=True))


def test_no_mart_holds_a_name_or_an_id(published: Published, personal: set[str]) -> None:
    reader = published.login(READER)
    found = {(column, text) for column, values in _texts(reader) for text in personal if text in values}
    assert not found


def test_the_figures_are_those_of_the_named(published: Published, warehouse: Warehouse) -> None:
    identities = f"data_type = 'uuid' or column_name = any(array{sorted(IDENTITIES)})"
    named, pseudonymous = warehouse.checksums(identities), published.warehouse.checksums(identities)
    assert named == pseudonymous
    assert len(named) > 35


def test_a_driver_is_one_driver_everywhere(published: Published, warehouse: Warehouse) -> None:
    """In results, in telemetry and in form: the hash of the id that he has under his name."""
    relations = (
        "dim_drivers",
        "dim_sessions",
        "fct_race_results",
        "personal_bests",
        "driver_race_form",
        "fct_race_laps",
        "fct_penalties",
        "fct_qualifying_results",
        "fct_practice_results",
    )
    for relation in relations:
        named = _values(warehouse, "driver_id", f"marts.{relation}")
        expected = {
            driver if driver == "acc:0" else f"{driver.partition(':')[0]}:{_pseudonym(driver)}" for driver in named
        }
        assert _values(published.warehouse, "driver_id", f"marts.{relation}") == expected
    both = "marts.dim_drivers where races > 0 and telemetry_sessions > 0"
    assert _values(published.warehouse, "driver_id", both)
    customers = {
        _pseudonym(f"iracing:{customer}") for customer in _values(warehouse, "cust_id", "marts.ml_training_data")
    }
    assert _values(published.warehouse, "cust_id", "marts.ml_training_data") == customers


def test_who_left_or_never_came_is_a_pseudonym_and_can_be_found(published: Published, personal: set[str]) -> None:
    """Whom only an entry list, a penalty, a sentence of the stream, a contact or a lap names."""
    visitors = make_visitors()
    reserve, left, guest = visitors
    named = {
        "staging.stg_acc__entry_list_drivers": ("driver_id", "driver_name"),
        "staging.stg_assetto_corsa__race_laps_server": ("entrant_id", "driver_id"),
        "intermediate.int_penalties_united": ("entrant_id", "driver_id", "sim_kind", "sim_reason"),
        "ops.file_drivers": ("driver_id",),  # with names of telemetry, so that these can be forgotten
    }
    options = session_options({"SIMRACE_PSEUDONYM_KEY": KEY})["PGOPTIONS"]
    ids = (f"acc:{reserve.player_id}", f"lmu:name:{left.name}", f"assetto_corsa:{FIRST_GUID + guest.cust_id}")
    hashes = {f"{driver.partition(':')[0]}:{_pseudonym(driver)}" for driver in ids}
    shown: set[str] = set()
    with closing(psycopg2.connect(published.warehouse.url, options=options)) as connection:
        cursor = connection.cursor()
        for relation, columns in named.items():
            for column in columns:
                cursor.execute(f"select distinct {column} from {relation} where {column} is not null")
                values = {str(value) for (value,) in cursor}
                assert not {text for text in personal for value in values if text in value}, (relation, column)
                shown |= values
        # the ids that they have without pseudonyms find the files that name them
        files = [
            {Path(file.paths[0]).name[-15:] for each in find_driver(connection, id_) for file in each} for id_ in ids
        ]
    assert hashes <= shown
    assert [bool(names) for names in files] == [True] * 3, files


def test_a_team_of_a_championship_is_a_pseudonym_too(published: Published, warehouse: Warehouse) -> None:
    """A league may call a team by who drives for it."""
    [(cup, driver)] = warehouse.query(
        "select championship_id, driver_id from marts.championship_standings "
        "where championship_id not in (select championship_id from staging.championship_entries) limit 1"
    )
    options = session_options({PSEUDONYM_VARIABLE: KEY})["PGOPTIONS"]
    with closing(psycopg2.connect(published.warehouse.url, options=options)) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "insert into staging.championship_entries (championship_id, driver_id, role, team_name) "
            "values (%s, %s, 'driver', %s)",
            (cup, driver, f"{ME} Racing"),
        )
        cursor.execute(
            "select distinct team_name from intermediate.int_championship_entrants "
            "where championship_id = %s and team_name <> ''",
            (cup,),
        )
        assert cursor.fetchall() == [(f"Team {_pseudonym(f'{ME} Racing')}",)]


def test_two_keys_give_two_sets(published: Published) -> None:
    """The staging views ask for the key whenever they are read."""
    drivers = "select distinct driver_id from staging.stg_iracing__race_results_json where driver_id is not null"
    sets = []
    for key in (KEY, OTHER_KEY):
        options = session_options({"SIMRACE_PSEUDONYM_KEY": key})["PGOPTIONS"]
        with closing(psycopg2.connect(published.warehouse.url, options=options)) as connection:
            cursor = connection.cursor()
            cursor.execute(drivers)
            sets.append({driver for (driver,) in cursor})
    assert len(sets[0]) == len(sets[1]) > 20
    assert not sets[0] & sets[1]
    with (
        closing(psycopg2.connect(published.warehouse.url)) as connection,
        pytest.raises(psycopg2.errors.UndefinedObject),
    ):
        connection.cursor().execute(drivers)


def test_a_driver_is_found_by_the_pseudonym_and_without_the_key(published: Published) -> None:
    """Views that make pseudonyms ask for the key; whoever forgets a driver need not have it."""
    both = "marts.dim_drivers where races > 0 and telemetry_sessions > 0"
    driver_id = min(_values(published.warehouse, "driver_id", both))
    with closing(psycopg2.connect(published.warehouse.url)) as connection:
        found, _ = find_driver(connection, driver_id)
    file_ids = "', '".join(str(content.file_id) for content in found)
    assert _values(published.warehouse, "format_family", f"raw.files where file_id in ('{file_ids}')") == {
        "telemetry",
        "results",
    }


def test_nobody_publishes_names_by_mistake(published: Published) -> None:
    before = published.warehouse.checksums()
    keyless = {name: value for name, value in published.warehouse.environment.items() if "PSEUDONYM" not in name}
    plain = {**published.warehouse.environment, **by_hand(published.warehouse)}
    for environment, program in ((keyless, ("simrace", "dbt")), (plain, ("dbt",))):
        here = replace(published.warehouse, environment=environment)
        said = published.run(here, *program, "build", *NO_TESTS, fails=True)
        assert "SIMRACE_PSEUDONYM_KEY is not set or has fewer than 32 characters, or dbt was not called as" in said
    published.warehouse.query("delete from ops.dbt_at_work")  # for ten seconds the next would wait for what has failed
    said = published.run(published.with_vars("off"), "simrace", "build", "--no-pseudonymise", fails=True)
    assert "this run would publish it with names" in said
    assert published.warehouse.checksums() == before


def test_readers_read_every_mart_and_nothing_else(published: Published, warehouse: Warehouse) -> None:
    reader = published.login(READER)
    assert reader.checksums().keys() == warehouse.checksums().keys()
    schemas = ("raw", "staging", "intermediate", "ops")
    for schema, relation in warehouse.query(
        f"select table_schema, table_name from information_schema.tables where table_schema in {schemas}"
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            reader.query(f"select 1 from {schema}.{relation}")
    owners = (
        "select relnamespace::regnamespace::text, array_agg(distinct relowner::regrole::text) from pg_class "
        f"where relnamespace::regnamespace::text in {(*schemas, 'marts')} and relkind in ('r', 'p', 'v') group by 1"
    )
    assert dict(published.warehouse.query(owners)) == {
        "raw": [LOADER],
        **{schema: [TRANSFORMER] for schema in ("staging", "intermediate", "ops", "marts")},
    }


def test_whose_telemetry_has_no_name_is_a_pseudonym_too(published: Published) -> None:
    sessions = "intermediate.int_telemetry_sessions"
    sims = _values(published.warehouse, "sim", sessions)
    mine = {f"{sim}:{_pseudonym(f'{sim}:name:{ME}')}" for sim in sims}
    before = _values(published.warehouse, "driver_id", sessions)
    published.run(published.with_vars("me"), "simrace", "dbt", "run", "--select", "int_telemetry_sessions", *WITH_ME)
    after = _values(published.warehouse, "driver_id", sessions)
    assert after - before == after & mine != set()


def test_no_secret_is_written_or_said(published: Published, warehouse: Warehouse, personal: set[str]) -> None:
    """Neither when things work nor when they fail: at the connection, in dlt, in dbt."""
    transformer = published.warehouse
    wrong = published.login(READER, password="seKretPassword-that-is-wrong")  # noqa: S106
    published.run(wrong, "simrace", "status", fails=True)
    published.run(wrong, "simrace", "dbt", "--debug", "build", "--select", "dim_drivers", fails=True)
    published.run(transformer, "simrace", "land", "dbt_project.yml", fails=True)  # dlt may not write
    described = published.with_vars("me")
    published.run(described, "simrace", "dbt", "--write-json", "docs", "generate", "--static", *WITH_ME)
    pads = session_options({"SIMRACE_PSEUDONYM_KEY": KEY})["PGOPTIONS"].rpartition("=")[2]
    secrets = [secret.encode() for secret in ("seKret", pads[:64], pads[128:192])]
    server = Path(warehouse.environment["SIMRACE_HOME"])
    files = [file for file in transformer.folder.rglob("*") if file.is_file()] + [server / "postgres.log"]
    assert {"dbt.log", "manifest.json", "run_results.json", "static_index.html", "catalog.json", "postgres.log"} <= {
        file.name for file in files
    }
    contents = {str(file): file.read_bytes() for file in files}
    contents |= {f"printed {number}": said.encode() for number, said in enumerate(published.printed)}
    assert not {name for name, content in contents.items() for secret in secrets if secret in content}
    site = "\n".join(
        Path(described.environment["DBT_TARGET_PATH"], name).read_text(encoding="utf-8")
        for name in ("static_index.html", "manifest.json", "catalog.json")
    )
    assert "keyed hash" in site
    # Whole words: the digits of an id are also found in the microseconds of a time and in hashes.
    told = re.compile(r"(?<![\w.])(?:" + "|".join(map(re.escape, personal)) + r")(?!\w)")
    assert not {name for name in told.findall(site) if len(name) > 5}


@pytest.mark.slow
def test_a_switch_takes_a_full_build_and_gives_the_names_back(published: Published, warehouse: Warehouse) -> None:
    """The last one here: it leaves the names."""
    other = published.login(TRANSFORMER, SIMRACE_PSEUDONYM_KEY=OTHER_KEY)
    assert "with those of another key" in published.run(other, "simrace", "dbt", "build", *NO_TESTS, fails=True)
    off = ("--vars", "pseudonymise: false")
    part = ("simrace", "dbt", "build", "--full-refresh", "--select", "fct_race_results", *off, *NO_TESTS)
    assert "this run would publish it with names" in published.run(published.warehouse, *part, fails=True)
    published.run(published.warehouse, "simrace", "build", "--full-refresh", "--no-pseudonymise")
    assert published.warehouse.checksums() == warehouse.checksums()
    published.run(published.warehouse, "simrace", "build")
    assert published.warehouse.checksums() == warehouse.checksums()
