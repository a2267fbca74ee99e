"""The project is parsed once, and all databases of all workers get that parse: dbt would parse for each, in 8 s.

dbt keeps with a parse a hash of the connection, and in it the name of the database; both are put right in a copy. Were
they wrong, dbt would say so and parse anew, which is slow and not wrong.
"""

import functools
import os
import pprint
import shutil
import subprocess
import sys
import tempfile
import uuid
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATABASE = "simrace"
KEPT = "partial_parse.msgpack"
# The name of this run of the tests, which its workers inherit.
RUN = os.environ.setdefault("RUN_OF_TESTS", uuid.uuid4().hex[:12])
FOLDER = Path(tempfile.gettempdir()) / f"simrace-parsed-{RUN}"
OURS = FOLDER / ("all" if sys.platform == "linux" else str(os.getpid()))  # elsewhere each worker parses


def environment() -> dict[str, str]:
    """What the parse is made in: nobody's settings, and a folder of its own."""
    hidden = ("SIMRACE_", "PG", "DBT_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
    return kept | {
        "SIMRACE_HOME": str(FOLDER),
        "DBT_TARGET_PATH": str(OURS / "target"),
        "DBT_LOG_PATH": str(OURS / "logs"),
    }


def give_parsed_project(environment: Mapping[str, str]) -> None:
    """Write the parse of the project where dbt will look for it.

    What forks take for the parse that they know (tests/commands.py) differs from it in nothing else.

    Args:
        environment: What dbt will run in: it names the folder and the connection.

    Raises:
        ValueError: The name of the database has not as many letters as the usual one.
    """
    known_as, parse = parsed()
    connection = _connection(environment)
    database = dict(connection)["database"]
    if len(str(database)) != len(DATABASE):
        raise ValueError(f"{database} should have {len(DATABASE)} letters, as {DATABASE} has")
    target = Path(environment["DBT_TARGET_PATH"])
    target.mkdir(parents=True, exist_ok=True)
    named = renamed(parse, DATABASE.encode(), str(database).encode())
    (target / KEPT).write_bytes(named.replace(known_as, _hashed(connection)))


def renamed(parse: bytes, old: bytes, new: bytes) -> bytes:
    """A parse for another database, whose name has as many letters."""
    for place in (b'"%s".', b"\xa8database\xa7%s"):
        parse = parse.replace(place % old, place % new)
    return parse


def forget_parsed_project() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)


@functools.cache
def parsed() -> tuple[bytes, bytes]:
    """The hash of the connection that it was parsed for, and the parse."""
    here = environment()
    kept = Path(here["DBT_TARGET_PATH"]) / KEPT
    if sys.platform == "linux":
        from tests.commands import forker  # which parses as it starts; it reads this file

        forker()
    else:
        dbt = Path(sys.executable).parent / "dbt"
        subprocess.run([dbt, "--quiet", "parse", "--no-write-json"], cwd=ROOT, env=here, check=True, timeout=300)
    return hash_of_connection(here), kept.read_bytes()


def hash_of_connection(environment: Mapping[str, str]) -> bytes:
    return _hashed(_connection(environment))


def _connection(environment: Mapping[str, str]) -> list[tuple[str, object]]:
    # dbt takes a second to import, and not every test needs it.
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    set_invocation_context(dict(environment))
    set_from_args(Namespace(PROFILES_DIR=str(ROOT), PROJECT_DIR=str(ROOT)), None)
    return sorted(load_profile(str(ROOT), {}).credentials.connection_info())


def _hashed(connection: list[tuple[str, object]]) -> bytes:
    from dbt.contracts.files import FileHash

    return FileHash.from_contents(pprint.pformat(connection)).checksum.encode()
