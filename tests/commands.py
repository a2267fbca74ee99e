"""Runs `simrace` and `dbt` as the tests call them: in a fork of a process that has dbt imported and has used it.

The tests call them hundreds of times. Importing dbt takes a second and a half of a processor each time, reading the
parse of the project a quarter, what dbt does when it first reads one half a second, and compiling the Jinja of all
models and macros one more; a parse takes five seconds where the process has parsed before, else eight. The project's
own modules are imported by the fork, so a test sees them as a new process would.
"""

import atexit
import functools
import gc
import importlib
import importlib.metadata
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any

from tests import parsed_project

BIN = Path(sys.executable).parent
FORKED = ("simrace", "dbt")
USED = ("dbt.cli.main", "dbt.adapters.postgres", "pandas", "dlt", "typer", "rich.console", "rich.table", "psycopg2")
# As ingestion/loading.py has it: dlt looks while it is imported.
QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
STATUS = struct.Struct("!i")
BEGIN_OF_CTES = re.compile(r"(?:\s|--.*\n)*with\s+(?:recursive\s+)?", re.IGNORECASE)
# Where this is set, plain dbt keeps its connections as `simrace` does: a new one for each node takes the server long.
KEEPS = "SIMRACE_TESTS_KEEP_CONNECTIONS"
# The name of the process that forks, which the workers of xdist inherit: one parses for all of them.
FORKER = "FORKER_OF_TESTS"


def run_command(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run a program of the virtual environment to its end.

    Args:
        command: The name of the program and its arguments.
        environment: All that it finds in its environment.
        folder: Where it runs.
        timeout_s: It is killed after so many seconds.

    Raises:
        subprocess.TimeoutExpired: It took longer.
    """
    words = [str(word) for word in command]
    if words[0] not in FORKED or sys.platform != "linux":  # elsewhere a fork may not use the system's libraries
        return subprocess.run(
            [str(BIN / words[0]), *words[1:]],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, socket.socket(socket.AF_UNIX) as asked:
        asked.connect(forker())
        asked.settimeout(timeout_s)
        asked.sendall(STATUS.pack(len(request := json.dumps([words, dict(environment), str(folder)]).encode())))
        socket.send_fds(asked, [request[:1]], [out.fileno(), err.fileno()])
        asked.sendall(request[1:])
        try:
            status = _number(asked)
        except TimeoutError:
            raise subprocess.TimeoutExpired(words, timeout_s) from None
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return subprocess.CompletedProcess(words, status, *said)


def start_forker() -> None:
    """Start the process that forks, for this process and those that it starts; it ends with this process.

    It listens at once. Before it answers it parses the project, and leaves the parse where the environment says
    (tests/parsed_project.py).
    """
    name = f"simrace-tests-{os.getpid()}"
    environment = {**parsed_project.environment(), **QUIET}
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.commands", name], cwd=parsed_project.ROOT, env=environment, stdout=subprocess.PIPE
    )
    assert started.stdout
    assert started.stdout.readline() == b"listening\n"
    os.environ[FORKER] = name


@functools.cache
def forker() -> str:
    """The address of the process that forks, which is no file, when it answers."""
    if FORKER not in os.environ:
        start_forker()
    address = f"\0{os.environ[FORKER]}"
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(address)
        asked.sendall(STATUS.pack(0))  # asks for nothing
        asked.settimeout(600)
        assert _number(asked) == 0
    return address


def _number(asked: socket.socket) -> int:
    number: int = STATUS.unpack(_received(asked, STATUS.size))[0]
    return number


def _received(asked: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = asked.recv(size - len(parts))
        if not part:
            raise ConnectionError("the other side has ended")
        parts += part
    return parts


def _use_dbt() -> None:
    """Parse the project, and compile all Jinja: dbt makes its readers when it first needs them.

    What dbt does for nobody is left out (tests/spared.py).
    """
    from dbt import compilation
    from dbt.cli.main import dbtRunner
    from dbt_common.clients.jinja import get_template, template_cache
    from jinja2 import Environment

    from tests.spared import spare

    spare()
    known: dict[tuple[object, ...], CodeType] = {}
    compile_anew = Environment.compile

    def compile_once(environment: Environment, source: str, *others: object) -> CodeType:
        # what the code depends on besides its text; dbt's environments differ in nothing else that does
        key = (type(environment), *environment.extensions, source, *others)
        if key not in known:
            known[key] = compile_anew(environment, source, *others)
        return known[key]

    Environment.compile = compile_once
    inject = compilation.inject_ctes_into_sql

    def inject_at_head(sql: str, ctes: list[Any]) -> str:
        """Dbt analyses all of the SQL to find its first `with`, which takes two fifths of the time of a unit test."""
        head = BEGIN_OF_CTES.match(sql) if ctes else None
        return inject(head[0], ctes) + sql[head.end() :] if head else inject(sql, ctes)

    compilation.inject_ctes_into_sql = inject_at_head
    manifest = dbtRunner().invoke(["--quiet", "--no-partial-parse", "parse", "--no-write-json"]).result
    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)
    for node in manifest.nodes.values():
        if node.resource_type == "model":
            get_template(node.raw_code, {})
    _know_the_parse()


def _know_the_parse() -> None:
    """Let a fork have the parse as it was read here; what tests gave it may name another database."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    kept = Path(os.environ["DBT_TARGET_PATH"], parsed_project.KEPT).read_bytes()
    known_as = parsed_project.hash_of_connection(os.environ)
    place = slice(kept.index(known_as), kept.index(known_as) + len(known_as))
    read = Manifest.from_msgpack
    known = [read(kept, decoder=extended_mashumuro_decoder)]  # for the first who asks, because dbt changes it

    def read_or_known(data: bytes, **how: Any) -> Manifest:
        named = re.search(rb"\xa8database\xa7(\w{7})", data) if known and len(data) == len(kept) else None
        if named is None:
            return read(data, **how)
        usual = parsed_project.DATABASE.encode()
        if parsed_project.renamed(data, named[1], usual).replace(data[place], known_as) != kept:
            return read(data, **how)
        manifest, here = known.pop(), named[1].decode()
        for node in (*manifest.nodes.values(), *manifest.sources.values()):
            node.database = here
            if node.relation_name:
                node.relation_name = node.relation_name.replace(f'"{parsed_project.DATABASE}".', f'"{here}".')
        manifest.state_check.profile_hash.checksum = data[place].decode()
        return manifest

    Manifest.from_msgpack = read_or_known


def _keep_connections_of_nodes() -> None:
    """Not those of before: plain dbt tells by sessions whether another is at work (macros/hooks/hold.sql)."""
    from dbt.adapters.postgres.connections import PostgresConnectionManager
    from dbt.adapters.postgres.impl import PostgresAdapter

    from simrace.build.connections import KeptConnections

    class KeptByNodes(KeptConnections):
        def release(self) -> None:
            is_of_node = threading.current_thread().name.startswith("Thread-")
            (KeptConnections if is_of_node else PostgresConnectionManager).release(self)

    PostgresAdapter.ConnectionManager = KeptByNodes


def _serve(name: str) -> list[str]:
    """Fork for each command that is asked for; returns in the fork alone, with what is to be run there."""
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0{name}")
        listener.listen()
        print("listening", flush=True)
        sys.modules["streamlit"] = None  # else dlt imports it
        for module in USED:
            importlib.import_module(module)
        del sys.modules["streamlit"]
        _use_dbt()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
        listener.settimeout(5)
        while os.getppid() == parent:
            try:
                asked, _ = listener.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                break
            asked.close()
        else:
            sys.exit()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked.settimeout(None)
    size = _number(asked)
    if not size:
        asked.sendall(STATUS.pack(0))
        os._exit(0)
    first, streams, _, _ = socket.recv_fds(asked, 1, 2)
    words, environment, folder = json.loads(first + _received(asked, size - 1))
    pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        ended = os.pidfd_open(pid)
        if asked in select.select([asked, ended], [], [])[0]:  # who asked has gone, for whatever reason
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        with suppress(BrokenPipeError):
            asked.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    asked.close()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[0] = str(BIN)  # as a script has it
    return list(words)


if __name__ == "__main__":
    sys.argv = _serve(sys.argv[1])
    [script] = importlib.metadata.entry_points(group="console_scripts", name=sys.argv[0])
    sys.argv[0] = str(BIN / sys.argv[0])
    atexit.register(gc.freeze)  # nor is what dbt has left searched for garbage at the end, which takes half a second
    if sys.argv[0].endswith("dbt"):
        gc.set_threshold(1_000_000)  # as `simrace` does for it
        if os.environ.pop(KEEPS, ""):
            _keep_connections_of_nodes()
    try:
        sys.exit(script.load()())
    except Exception:  # as Python ends a script
        traceback.print_exc()
        sys.exit(1)
