"""The stores of Google and Azure, as their emulators on this machine are: the same states and reasons as S3."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from simrace.database.server_system import is_free
from tests.conftest import ROOT, own_server

pytestmark = pytest.mark.slow

# The one account of the emulator, which its makers publish.
AZURE = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1;"
)
WALK = """
import json, sys
from pathlib import Path
from ingestion.paths import expand
from ingestion.reading import RefusedError
from ingestion.remote import fetch, list_files, remove, send
from ingestion.sources import open_sources

place, folder = sys.argv[1], Path(sys.argv[2])
said = {}
(folder / "a.csv").write_bytes(b"a" * 100)
(folder / "large.csv").write_bytes(b"0123456789" * 2_000_000)
for name in ("a.csv", "large.csv"):
    said[f"send {name}"] = send(folder / name, f"{place}/season/deep/{name}")
listed = list_files(f"{place}/season")
said["listed"] = [[each.url, each.size, each.stamp is not None, each.modified_at.year > 2000] for each in listed]
said["pattern"] = [each.url for each in list_files(f"{place}/*/*/a*.csv")]
sources = open_sources(listed)
said["read"] = [source.local.read_bytes() == (folder / source.file_name).read_bytes() for source in sources]
before = listed[0].stamp
(folder / "a.csv").write_bytes(b"b" * 100)
said["send again"] = send(folder / "a.csv", f"{place}/season/deep/a.csv")
said["is another"] = list_files(f"{place}/season/deep/a.csv")[0].stamp != before
(folder / "a.csv").write_bytes(b"c" * 100)
now = list_files(f"{place}/season/deep/a.csv")[0]
send(folder / "a.csv", f"{place}/season/deep/a.csv")
said["replaced since"] = fetch(now, folder / "got").stamp != now.stamp and (folder / "got").read_bytes() == b"c" * 100
said["remove"] = remove(f"{place}/season/deep/a.csv")
said["gone"] = list_files(f"{place}/season/deep/a.csv")[0].problem.detail
said["nothing"] = list_files(f"{place.rsplit('/', 1)[0]}/no-such-place/a.csv")[0].problem.detail
print(json.dumps(said))
"""
DENIED = "import sys; from ingestion.remote import list_files; print(list_files(sys.argv[1])[0].problem.detail)"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simrace with the extras and the emulators, from the registries that pip and npm are set up for."""
    if not shutil.which("npm"):
        pytest.skip("no npm here, for the emulator of Azure")
    folder = tmp_path_factory.mktemp("stores")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True, timeout=120)
    pip = [folder / "env" / "bin" / "pip", "install", "--quiet"]
    for command in (
        [*pip, "--require-hashes", "--requirement", ROOT / "requirements-run.lock"],
        [*pip, f"{ROOT}[gs,az]", "gcp-storage-emulator>=2024.8.3"],
        ["npm", "install", "--silent", "--prefix", folder, "azurite@3"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            pytest.skip(f"no registry within reach: {done.stderr[-300:]}")
    return folder


def _port() -> int:
    return next(port for port in range(19_100, 19_900) if is_free(port))


@pytest.fixture(params=["gs", "az"])
def store(request: pytest.FixtureRequest, environment: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Address of a bucket, and the variables that lead to it."""
    port, scheme = _port(), str(request.param)
    if scheme == "gs":
        serve = [environment / "env" / "bin" / "gcp-storage-emulator", "start", "--host=127.0.0.1", f"--port={port}",
                 "--in-memory", "--default-bucket=laps"]  # fmt: skip
        variables = {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{port}"}
    else:
        serve = [environment / "node_modules" / ".bin" / "azurite-blob", "--silent", "--inMemoryPersistence",
                 "--disableTelemetry", "--skipApiVersionCheck", "--blobPort", str(port)]  # fmt: skip
        variables = {"AZURE_STORAGE_CONNECTION_STRING": AZURE.format(port=port)}
    process = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=environment)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        time.sleep(0.2)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SIMRACE_", "PYTHON", "AZURE_"))}
    own = {**kept, **variables}
    if scheme == "az":
        make = "import fsspec; fsspec.filesystem('az').mkdir('laps')"
        subprocess.run([environment / "env" / "bin" / "python", "-c", make], env=own, check=True, timeout=60)
    yield f"{scheme}://laps", own
    process.terminate()
    process.wait(30)


def test_it_is_listed_read_and_written_as_s3_is(
    store: tuple[str, dict[str, str]], environment: Path, tmp_path: Path
) -> None:
    place, own = store
    done = subprocess.run(
        [environment / "env" / "bin" / "python", "-c", WALK, place, tmp_path],
        env=own, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    deep = f"{place}/season/deep"
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "send a.csv": "",
        "send large.csv": "",
        "listed": [[f"{deep}/a.csv", 100, True, True], [f"{deep}/large.csv", 20_000_000, True, True]],
        "pattern": [f"{deep}/a.csv"],
        "read": [True, True],
        "send again": "",
        "is another": True,
        "replaced since": True,
        "remove": "",
        "gone": "No such file or directory",
        "nothing": "No such file or directory",
    }


def test_a_key_that_is_denied_is_told(store: tuple[str, dict[str, str]], environment: Path) -> None:
    place, own = store
    if place.startswith("gs"):
        pytest.skip("its emulator lets everybody in")
    name = "AZURE_STORAGE_CONNECTION_STRING"
    own = {**own, name: own[name].replace("Key=E", "Key=F")}
    command = [environment / "env" / "bin" / "python", "-c", DENIED, f"{place}/season"]
    done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "access was denied", done.stderr[-2000:]


def test_files_are_landed_and_marts_written_by_the_commands(
    store: tuple[str, dict[str, str]], environment: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place, own = store
    home = Path("/tmp") / f"simrace-stores-{os.getpid()}-{place[:2]}"  # noqa: S108 - the server's user enters it
    home.mkdir()
    own = {**own, **own_server(home), "SIMRACE_HOME": str(home / "home")}

    def run(*command: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            [environment / "env" / "bin" / command[0], *command[1:]],
            env=own, cwd=home, capture_output=True, text=True, timeout=1_200, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout + done.stderr

    try:
        run("simrace", "sample", "--sessions", "1", "files")
        copy = (
            "import fsspec, sys; files, path = fsspec.url_to_fs(sys.argv[1]); "
            "files.put('files/results/', path + '/files/', recursive=True)"
        )
        run("python", "-c", copy, place)
        said = run("simrace", "run", f"{place}/files")
        assert " landed" in said and "all accounted for" in said
        assert "Nothing is new" in run("simrace", "run")
        run("simrace", "export", "months", f"{place}/marts", "--mart", "fct_race_results")
        # by fsspec: Arrow's own readers know nothing of emulators
        count = (
            "import fsspec, pandas, sys; files, path = fsspec.url_to_fs(sys.argv[1]); "
            "print('rows:', len(pandas.read_parquet(path, filesystem=files)))"
        )
        said = run("python", "-c", count, f"{place}/marts/fct_race_results")  # a client may complain at its end
        assert int(said.partition("rows:")[2].split()[0]) > 10
    finally:
        with suppress(AssertionError):
            run("simrace", "db", "stop")
        shutil.rmtree(home, ignore_errors=True)
