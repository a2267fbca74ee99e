"""A small cluster of Spark on this machine: a master, two workers and a thrift server, all on 127.0.0.1.

The catalog of the Iceberg tables is in the warehouse's PostgreSQL: schema `lake_catalog`, with a role of its own.
With SIMRACE_SPARK_MASTER only the thrift server is started here, and works on that master's machines.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.sql import SQL, Identifier, Literal

from simrace.build.environment import make_environment
from simrace.database.connection import ConnectionParameters
from simrace.lake.settings import PINS, Lake, LakeError

HERE = "127.0.0.1"
WORKERS = 2
START_S = 120
_MASTER, _WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
_THRIFT = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
_JAVA = "It needs Java 17: on Debian and Ubuntu `apt install openjdk-17-jre-headless libpostgresql-jdbc-java`."
_ROLE, _CATALOG = "simrace_lake", "lake_catalog"
# As Iceberg makes them (jdbc.schema-version V1), and the namespace that each thrift session asks for first.
_CATALOG_TABLES = """
    create table if not exists lake_catalog.iceberg_tables (
        catalog_name varchar(255) not null, table_namespace varchar(255) not null, table_name varchar(255) not null,
        metadata_location varchar(1000), previous_metadata_location varchar(1000), iceberg_type varchar(5),
        primary key (catalog_name, table_namespace, table_name)
    );
    create table if not exists lake_catalog.iceberg_namespace_properties (
        catalog_name varchar(255) not null, namespace varchar(255) not null, property_key varchar(255),
        property_value varchar(1000), primary key (catalog_name, namespace, property_key)
    );
    insert into lake_catalog.iceberg_namespace_properties values ('lake', 'default', 'exists', 'true')
    on conflict do nothing;
"""


@dataclass(frozen=True)
class Cluster:
    """What runs.

    Attributes:
        port: Of the thrift server.
        master: URL of the master.
        processes: Process ids by what they are: master, worker 1, worker 2, thrift server.
    """

    port: int
    master: str
    processes: dict[str, int] = field(default_factory=dict)


def known(lake: Lake) -> Cluster | None:
    """The cluster that was started for this home, whether it still runs or not."""
    with suppress(FileNotFoundError):
        return Cluster(**json.loads(_state(lake).read_text("utf-8")))
    return None


def running(lake: Lake) -> dict[str, bool]:
    """Which of the cluster's processes run; empty where none was started."""
    cluster = known(lake)
    return {name: _is_ours(lake, pid) for name, pid in cluster.processes.items()} if cluster else {}


def up(lake: Lake, parameters: ConnectionParameters, connection: Connection) -> Cluster:
    """Start what does not run.

    Args:
        lake: Of Spark.
        parameters: The warehouse, whose PostgreSQL keeps the catalog.
        connection: To it, with the right to make a role.

    Raises:
        LakeError: there is no Java, no driver of PostgreSQL for it, or something did not start; the text says what.
    """
    if sys.platform == "win32":  # its processes are found by `ps` and ended by signals that Windows lacks
        raise LakeError("Spark is not started on Windows. `simrace run` builds the same tables in PostgreSQL.")
    states = running(lake)
    cluster = known(lake)
    if cluster and states and all(states.values()):
        return cluster
    down(lake)
    if shutil.which("java") is None:
        raise LakeError(f"There is no Java. {_JAVA}")
    spark, jars = _find_spark(make_environment(lake.environment, PINS / f"{lake.engine}.lock"))
    folder = _folder(lake)
    folder.mkdir(parents=True, exist_ok=True)
    lake.exchange.mkdir(parents=True, exist_ok=True)
    catalog = os.environ.get("SIMRACE_SPARK_CATALOG") or _make_catalog(connection, parameters)
    port = _port(lake)
    master_port, *pages = _free_ports(1 + 1 + WORKERS)
    master = os.environ.get("SIMRACE_SPARK_MASTER") or f"spark://{HERE}:{master_port}"
    _write_properties(lake, jars, catalog)
    starter = _Starter(lake, spark)
    try:
        if not os.environ.get("SIMRACE_SPARK_MASTER"):
            starter.start("master", [_MASTER, "--host", HERE, "--port", master_port, "--webui-port", pages[0]])
            starter.wait("master", master_port)
            for number in range(1, WORKERS + 1):
                size = ["--cores", 1, "--memory", "2g", "--webui-port", pages[number]]
                work = ["--work-dir", folder / f"work-{number}"]
                starter.start(f"worker {number}", [_WORKER, "--host", HERE, *size, *work, master])
        bind = ["--hiveconf", f"hive.server2.thrift.bind.host={HERE}"]
        listen = [*bind, "--hiveconf", f"hive.server2.thrift.port={port}"]
        submit = ["org.apache.spark.deploy.SparkSubmit", "--class", _THRIFT, "--name", "simrace", "--master", master]
        starter.start("thrift server", submit, ["spark-internal", *listen])
        cluster = Cluster(port, master, starter.processes)
        _state(lake).write_text(json.dumps(asdict(cluster)), "utf-8")
        starter.wait("thrift server", port)
    except BaseException:
        _state(lake).write_text(json.dumps(asdict(Cluster(port, master, starter.processes))), "utf-8")
        down(lake)
        raise
    return cluster


def down(lake: Lake) -> list[str]:
    """End what runs, the last first. Return what ran."""
    cluster = known(lake)
    ended: list[str] = []
    if sys.platform == "win32":  # where none is started
        return ended
    for name, pid in reversed(list(cluster.processes.items()) if cluster else []):
        if _is_ours(lake, pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + 15
            while _is_ours(lake, pid) and time.monotonic() < end:
                time.sleep(0.1)
            with suppress(ProcessLookupError):
                if _is_ours(lake, pid):
                    os.kill(pid, signal.SIGKILL)
            ended.append(name)
    _state(lake).unlink(missing_ok=True)
    return ended


@dataclass
class _Starter:
    lake: Lake
    spark: Path
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def processes(self) -> dict[str, int]:
        return {name: process.pid for name, process in self.started.items()}

    def start(self, name: str, command: Sequence[object], arguments: Sequence[object] = ()) -> None:
        """Start a class of Spark; its output goes to a file."""
        folder = _folder(self.lake)
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("PG", "DBT_", "SIMRACE_"))
        }
        environment |= {
            "SPARK_HOME": str(self.spark),
            "SPARK_CONF_DIR": str(folder),
            "SPARK_LOCAL_IP": HERE,
            "SPARK_DAEMON_MEMORY": "512m",
            "TZ": "UTC",
        }
        properties = ["--properties-file", folder / "spark.conf"]
        words = [self.spark / "bin" / "spark-class", command[0], *properties, *command[1:], *arguments]
        with (folder / f"{name.replace(' ', '-')}.log").open("wb") as log:
            self.started[name] = subprocess.Popen(
                [str(word) for word in words],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, name: str, port: int) -> None:
        """Wait until something listens.

        Raises:
            LakeError: it ended, or does not listen in time.
        """
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection((HERE, port), timeout=1):
                return
            if self.started[name].poll() is not None:
                break
            time.sleep(0.3)
        log = _folder(self.lake) / f"{name.replace(' ', '-')}.log"
        said = log.read_text("utf-8", "replace").strip().splitlines()[-5:]
        raise LakeError("\n".join([f"The {name} of Spark did not start:", *said, f"The whole of it is in {log}."]))


def _folder(lake: Lake) -> Path:
    return lake.folder / "cluster"


def _state(lake: Lake) -> Path:
    return _folder(lake) / "cluster.json"


def _is_ours(lake: Lake, pid: int) -> bool:
    """Whether a process is still one of this cluster: its number may be another's by now."""
    with suppress(psutil.Error):  # of a child that ended and that nobody asked for how, or another's
        return any(str(_folder(lake)) in word for word in psutil.Process(pid).cmdline())
    return False


def _port(lake: Lake) -> int:
    """Of the thrift server: the one that it had before, because dbt parses everything anew for another."""
    file = _folder(lake) / "thrift.port"
    with suppress(OSError, ValueError, OverflowError), socket.socket() as there:
        there.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java listens: one that has just ended is free
        port = int(file.read_text("utf-8"))
        there.bind((HERE, port))
        return port
    (port,) = _free_ports(1)
    file.write_text(str(port), "utf-8")
    return port


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind((HERE, 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _find_spark(python: Path) -> tuple[Path, list[Path]]:
    """Spark's home in an environment, and the jars that it lacks: Iceberg's and PostgreSQL's driver."""
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    iceberg = sorted(packages.glob("snowpark_connect_deps_iceberg/jars/iceberg-spark-runtime-3.5_2.12-*.jar"))
    named = os.environ.get("SIMRACE_SPARK_JDBC_JAR") or "/usr/share/java/postgresql.jar"
    if not iceberg:
        raise LakeError(f"There is no jar of Iceberg in {packages}.")
    if not Path(named).exists():
        raise LakeError(f"There is no driver of PostgreSQL for Java at {named} (SIMRACE_SPARK_JDBC_JAR). {_JAVA}")
    return packages / "pyspark", [iceberg[-1], Path(named)]


def _make_catalog(connection: Connection, parameters: ConnectionParameters) -> str:
    """Make the catalog's schema and role, with a new password. Return its URL for Java."""
    password = secrets.token_urlsafe(24)
    role = Identifier(_ROLE)
    with connection, connection.cursor() as cursor:
        cursor.execute("set local scram_iterations = 4096")  # Java's driver refuses fewer
        cursor.execute("select 1 from pg_roles where rolname = %s", (_ROLE,))
        word = SQL("alter" if cursor.fetchone() else "create")
        cursor.execute(SQL("{} role {} login password {}").format(word, role, Literal(password)))
        # which `simrace db roles` takes from everyone
        database = Identifier(parameters.settings["dbname"])
        cursor.execute(SQL("grant connect on database {} to {}").format(database, role))
        cursor.execute(SQL("create schema if not exists {}").format(Identifier(_CATALOG)))
        cursor.execute(_CATALOG_TABLES)
        cursor.execute(SQL("grant usage, create on schema {} to {}").format(Identifier(_CATALOG), role))
        cursor.execute(SQL("grant all on all tables in schema {} to {}").format(Identifier(_CATALOG), role))
    settings = parameters.settings
    place = f"{settings['host']}:{settings['port']}/{quote(settings['dbname'])}"
    return f"jdbc:postgresql://{place}?currentSchema={_CATALOG}&user={_ROLE}&password={password}"


def _write_properties(lake: Lake, jars: list[Path], catalog: str) -> None:
    path = ":".join(map(str, jars))
    warehouse = lake.warehouse if "://" in lake.warehouse else Path(lake.warehouse).absolute().as_uri()
    properties = {
        "spark.authenticate": "true",
        "spark.authenticate.secret": secrets.token_hex(32),
        "spark.driver.host": HERE,
        "spark.driver.bindAddress": HERE,
        "spark.driver.memory": "2g",
        "spark.executor.memory": "1800m",
        # by `--jars` they would go with the first session that fails
        "spark.driver.extraClassPath": path,
        "spark.executor.extraClassPath": path,
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.defaultCatalog": "lake",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "jdbc",
        "spark.sql.catalog.lake.uri": catalog,
        "spark.sql.catalog.lake.jdbc.schema-version": "V1",
        "spark.sql.catalog.lake.warehouse": warehouse,
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(WORKERS),
        # Java does not compile a longer method, and one that is not compiled is slower than no generated code at all
        "spark.sql.codegen.hugeMethodLimit": "8000",
        "spark.ui.enabled": "false",
        # the thrift server insists on one of Hive's, in which nothing is kept
        "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:memory:metastore;create=true",
        "spark.sql.warehouse.dir": str(_folder(lake) / "hive"),
    }
    text = "".join(f"{name} {value}\n" for name, value in properties.items())
    if more := os.environ.get("SIMRACE_SPARK_CONF"):
        text += Path(more).read_text("utf-8")
    file = _folder(lake) / "spark.conf"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
