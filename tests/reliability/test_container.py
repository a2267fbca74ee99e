"""The container: built on a base that debootstrap makes, and run as it says, where no image can be pulled.

Its root file system is read-only, its user is nobody's, it has a network of its own and sees no process of the machine;
what is written goes into one volume.
"""

import gzip
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs root, for file systems of its own"),
    pytest.mark.skipif(
        not all(map(shutil.which, ("buildah", "debootstrap", "nsenter", "unshare", "ip"))),
        reason="needs buildah, debootstrap and iproute2",
    ),
]

SECRET = "a-secret-of-whoever-builds-7c1f"  # noqa: S105
CERTIFICATES = ("/etc/ssl/certs", "/usr/local/share/ca-certificates")
BASE_PACKAGES = "python3,python3-venv,ca-certificates"


def _do(*command: str | Path, timeout: int = 1_200) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@dataclass
class Image:
    """The built image.

    Attributes:
        store: Where buildah keeps it, and nothing of the machine's.
        root: Its root file system.
        config: What it says of how it is to be run.
    """

    store: tuple[str, ...]
    root: Path
    config: dict[str, object]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="simrace-container-"))
    folder.chmod(0o711)
    store = ("--root", str(folder / "store"), "--runroot", str(folder / "run"))
    context = folder / "context"
    left_out = (".git", ".venv", "target", "logs", ".mypy_cache")  # at the top: packages may be called so too
    shutil.copytree(ROOT, context, ignore=lambda place, _: left_out if Path(place) == ROOT else ())
    for name in (".env", "simrace/.env", "sample_files/laps.csv"):  # which lie about where people build
        (context / name).parent.mkdir(exist_ok=True)
        (context / name).write_text(f"SIMRACE_API_TOKEN={SECRET}\n")
    try:
        _do("debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", "stable", folder / "base")
    except AssertionError as error:
        shutil.rmtree(folder)
        pytest.skip(f"no base: {str(error)[-200:]}")
    _do("tar", "-C", folder / "base", "-cf", folder / "base.tar", ".")
    made = _do("buildah", *store, "from", "scratch").strip()
    _do("buildah", *store, "add", "--quiet", made, folder / "base.tar", "/")
    _do("buildah", *store, "commit", "--quiet", made, "localhost/base")
    # the machine's certificates and its index of packages, for the building alone
    own = [f"--volume={place}:{place}:ro" for place in CERTIFICATES if Path(place).is_dir()]
    own.append(f"--build-arg=PIP_CERT={CERTIFICATES[0]}/ca-certificates.crt")
    if index := os.environ.get("PIP_INDEX_URL"):
        own.append(f"--build-arg=PIP_INDEX_URL={index}")
    _do("buildah", *store, "bud", "--isolation", "chroot", "--network", "host", *own,
        "--build-arg", "BASE=localhost/base", "--format", "docker", "--tag", "localhost/simrace", context)  # fmt: skip
    running = _do("buildah", *store, "from", "localhost/simrace").strip()
    root = Path(_do("buildah", *store, "mount", running).strip())
    inspected = json.loads(_do("buildah", *store, "inspect", "--type", "image", "localhost/simrace"))
    yield Image(store, root, inspected["Docker"]["config"])
    _do("buildah", *store, "umount", running)
    _do("buildah", *store, "rm", running)
    shutil.rmtree(folder)


_START = """
set -e
ip link set lo up
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
mount -o remount,bind,ro "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs tmpfs "$ROOT/tmp"
mount --rbind /dev "$ROOT/dev"
mount --bind "$HOME_VOLUME" "$ROOT/var/lib/simrace"
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid -- \\
    chroot --userspec=10001:10001 "$ROOT" /usr/bin/env -i $ENVIRONMENT "$@"
"""


class Container:
    """A run of the image, with a volume: read-only, without rights, with its own processes and its own network."""

    def __init__(self, image: Image, volume: Path) -> None:
        self.image, self.volume = image, volume
        names = [str(each) for each in image.config["Env"]]  # type: ignore[attr-defined]
        self.environment = [*names, f"SIMRACE_API_TOKEN={SECRET}"]

    def _command(self, *command: str, is_connected: bool = False) -> list[str]:
        network = [] if is_connected else ["--net"]
        return [
            "unshare", "--mount", "--pid", *network, "--fork", "--kill-child",
            "sh", "-c", _START, "container", *command,
        ]  # fmt: skip

    def _settings(self) -> dict[str, str]:
        own = {"ROOT": str(self.image.root), "HOME_VOLUME": str(self.volume), "ENVIRONMENT": " ".join(self.environment)}
        return {"PATH": os.environ["PATH"], **own}

    def run(self, *command: str, check: bool = True, is_connected: bool = False) -> subprocess.CompletedProcess[str]:
        """A command to its end; `is_connected` gives it the network of the machine."""
        whole = self._command(*command, is_connected=is_connected)
        done = subprocess.run(whole, env=self._settings(), capture_output=True, text=True, timeout=1_200, check=False)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    @contextmanager
    def started(self, *command: str) -> Iterator["Running"]:
        process = subprocess.Popen(
            self._command(*command), env=self._settings(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield Running(process, self.environment)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


@dataclass
class Running:
    """A container that runs: its first process is what was started."""

    process: subprocess.Popen[str]
    environment: list[str]

    @property
    def first(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command beside the first process, as the health check is one."""
        enter = ["nsenter", "--target", str(self.first), "--mount", "--pid", "--net", "--root", "--wd=/"]
        enter += ["--setuid", "10001", "--setgid", "10001", "/usr/bin/env", "-i", *self.environment]
        return subprocess.run([*enter, *command], capture_output=True, text=True, timeout=60, check=False)

    def wait_for(self, *command: str, seconds: int = 120) -> None:
        until = time.monotonic() + seconds
        said = ""
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(OSError, IndexError, subprocess.TimeoutExpired):
                done = self.inside(*command)
                said = done.stderr
                if done.returncode == 0:
                    return
            time.sleep(1)
        raise AssertionError(f"{command} never succeeded: {said[-1000:]}")

    def end(self) -> tuple[int, str, float]:
        """Send SIGTERM to the first process. Return its exit code, what was said, and the seconds it took."""
        began = time.monotonic()
        os.kill(self.first, 15)
        said, _ = self.process.communicate(timeout=90)
        return self.process.returncode, said, time.monotonic() - began


@pytest.fixture(scope="module")
def container(image: Image) -> Iterator[Container]:
    volume = Path(tempfile.mkdtemp(prefix="simrace-volume-"))
    os.chown(volume, 10001, 10001)
    yield Container(image, volume)
    shutil.rmtree(volume)


def _health(image: Image) -> list[str]:
    return list(image.config["Healthcheck"]["Test"])  # type: ignore[index, call-overload]


def test_it_says_how_it_is_to_be_run(image: Image) -> None:
    config = image.config
    assert (config["User"], config["Entrypoint"], config["StopSignal"]) == ("10001:10001", ["simrace"], "SIGTERM")
    assert list(config["Volumes"]) == ["/var/lib/simrace"]  # type: ignore[call-overload]
    assert set(config["ExposedPorts"]) == {"8700/tcp", "8501/tcp"}  # type: ignore[call-overload]
    assert _health(image)[0] == "CMD"


def test_no_layer_holds_a_secret_or_what_is_not_named(image: Image, tmp_path: Path) -> None:
    _do("buildah", *image.store, "push", "--quiet", "localhost/simrace", f"dir:{tmp_path}/layers")
    for blob in (tmp_path / "layers").iterdir():
        with blob.open("rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
        before = b""
        with gzip.open(blob) if is_packed else blob.open("rb") as stream:
            while piece := stream.read(1 << 22):
                assert SECRET.encode() not in before + piece, blob
                before = piece[-100:]
    history = _do("buildah", *image.store, "inspect", "--type", "image", "localhost/simrace")
    assert SECRET not in history
    assert "PIP_" not in json.dumps(image.config)
    for name in ("source", "root/.cache", "root/.config/pip"):
        assert not (image.root / name).exists(), name


def test_it_is_nobody_and_writes_nothing_but_its_volume(container: Container) -> None:
    said = container.run("sh", "-c", "id -u; id -G; grep -E '^(CapEff|NoNewPrivs)' /proc/1/status").stdout.split()
    assert said == ["10001", "10001", "NoNewPrivs:", "1", "CapEff:", "0000000000000000"] or said == [
        "10001", "10001", "CapEff:", "0000000000000000", "NoNewPrivs:", "1",
    ]  # fmt: skip
    for place in ("/", "/opt/simrace/bin", "/etc"):
        done = container.run("touch", f"{place}/x", check=False)
        assert (done.returncode, "Read-only file system" in done.stderr) == (1, True), done.stderr


_METRICS = f"""
import urllib.request as web
asked = web.Request("http://127.0.0.1:8700/metrics", headers={{"Authorization": "Bearer {SECRET}"}})
print(web.urlopen(asked).read().decode())
"""


def test_files_are_landed_and_served_and_sigterm_ends_it(container: Container) -> None:
    container.run("simrace", "sample", "--sessions", "2", "/var/lib/simrace/files")
    assert "Open the dashboard" in container.run("simrace", "run", "/var/lib/simrace/files").stdout
    health = _health(container.image)[1:]
    with container.started("simrace", "serve", "--host", "0.0.0.0") as serving:  # noqa: S104
        serving.wait_for(*health)
        assert "simrace_files_total" in serving.inside("python", "-c", _METRICS).stdout
        code, said, seconds = serving.end()
        assert ("Stopped." in said, seconds < 10) == (True, True), (code, said, seconds)
    with container.started("simrace", "serve", "--host", "0.0.0.0", "--port", "8701") as elsewhere:  # noqa: S104
        elsewhere.wait_for("python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8701))")
        assert elsewhere.inside(*health).returncode != 0, "the health check can fail"
        elsewhere.end()


# Whether the first process has a handler for SIGTERM: without one it never hears of it.
_HEARS = """
import re, sys
caught = int(re.findall("SigCgt:\\t(.*)", open("/proc/1/status").read())[0], 16)
sys.exit(not caught >> 14 & 1)
"""
_PAGES = "import urllib.request as w; w.urlopen('http://127.0.0.1:8501/_stcore/health')"


@pytest.mark.parametrize(
    ("command", "ready"),
    [
        (("dashboard", "--host", "0.0.0.0", "--no-browser"), _PAGES),  # noqa: S104
        (("watch", "/var/lib/simrace/files"), _HEARS),
    ],
)
def test_sigterm_ends_the_others_too(container: Container, command: tuple[str, ...], ready: str) -> None:
    with container.started("simrace", *command) as running:
        running.wait_for("python", "-c", ready)
        _, said, seconds = running.end()
        assert seconds < 10, said


_INSTALL = """
from simrace.build.environment import make_environment
from simrace.orchestration.starting import PINS, alone, schedule_folder
with alone():
    make_environment(schedule_folder() / "environment", PINS)
"""
_ASSETS = """
import json, urllib.request as web
asked = web.Request("http://127.0.0.1:3000/graphql", json.dumps({"query": "{ assetNodes { id } }"}).encode())
asked.add_header("Content-Type", "application/json")
print(len(json.load(web.urlopen(asked))["data"]["assetNodes"]))
"""


def test_the_scheduler_keeps_its_environment_in_the_volume_and_sigterm_ends_it(
    container: Container, image: Image
) -> None:
    """Its packages are fetched as its first start does it; then it needs no network any more."""
    own = [f"{name}={value}" for name in ("PIP_INDEX_URL",) if (value := os.environ.get(name))]
    if (certificates := Path(CERTIFICATES[0]) / "ca-certificates.crt").is_file():
        shutil.copy(certificates, container.volume)
        own.append(f"PIP_CERT=/var/lib/simrace/{certificates.name}")
    connected = Container(image, container.volume)
    connected.environment += own
    connected.run("python", "-c", _INSTALL, is_connected=True)
    with container.started("simrace", "schedule", "/var/lib/simrace/files", "--host", "0.0.0.0") as running:  # noqa: S104
        running.wait_for("python", "-c", _ASSETS, seconds=600)
        assert int(running.inside("python", "-c", _ASSETS).stdout) > 50
        code, said, seconds = running.end()
        # half a minute for Dagster to end, and one more because nobody reaps here what was killed, as `--init` does
        assert (code, "Stopped." in said, seconds < 75) == (0, True, True), (code, said, seconds)
