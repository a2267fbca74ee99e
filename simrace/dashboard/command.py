"""`simrace dashboard`: starts the pages on this machine, and nothing that leaves it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from importlib.util import find_spec
from pathlib import Path

from ingestion.errors import ReadableError
from simrace.database.connection import ConnectionParameters
from simrace.database.settings import URL_VARIABLE

HOST = "127.0.0.1"
PORT = 8501
REFRESH_S = 10.0
REFRESH_VARIABLE = "SIMRACE_DASHBOARD_REFRESH"
STARTING_S = 60.0


class DashboardError(ReadableError):
    """The dashboard cannot be started; the text says why and the way out."""


def run_dashboard(
    parameters: ConnectionParameters, port: int, refresh_s: float, open_page: bool, host: str = HOST
) -> int:
    """Serve the dashboard until it is stopped.

    Args:
        parameters: The database that the pages read.
        port: To listen on.
        refresh_s: Seconds between two looks for new data; 0 for none.
        open_page: Whether to open it in the browser once it answers.
        host: Address to listen on; the pages ask nobody who they are.

    Returns:
        Exit code of the server.

    Raises:
        DashboardError: a package is missing, or the port is taken.
    """
    if missing := missing_packages():
        raise DashboardError(f'The dashboard needs {" and ".join(missing)}: pip install "simrace[dashboard]"')
    if not is_free(port):
        raise DashboardError(f"Port {port} is taken. Choose another one: simrace dashboard --port {port + 1}")
    environment = {**os.environ, URL_VARIABLE: parameters.url, REFRESH_VARIABLE: f"{refresh_s:g}"}
    if open_page:
        threading.Thread(target=_open_when_it_answers, args=(port,), daemon=True).start()
    command = [
        sys.executable,
        "-m",
        "simrace.dashboard",
        "run",
        str(Path(__file__).with_name("app.py")),
        *_settings(host, port),
    ]
    server = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: server.terminate())  # of a container, or of systemd
    while True:
        # Ctrl-C reaches the server too, which then ends by itself.
        with contextlib.suppress(KeyboardInterrupt):
            return server.wait()


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of 127.0.0.1."""
    with contextlib.closing(socket.socket()) as attempt:
        attempt.settimeout(1)
        return attempt.connect_ex((HOST, port)) != 0


def free_port() -> int:
    """The usual port, or the next one that nothing listens on."""
    return next(port for port in range(PORT, 65_536) if is_free(port))


def missing_packages() -> list[str]:
    """What the dashboard needs and is not installed."""
    return [name for name in ("streamlit", "plotly") if find_spec(name) is None]


def _settings(host: str, port: int) -> list[str]:
    settings = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.serverAddress": HOST,
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showSidebarNavigation": "false",
        "theme.light.primaryColor": "#0072B2",
        # a column that stays in view is written in three fifths of it
        "theme.light.textColor": "#141414",
        "theme.dark.primaryColor": "#56B4E9",
    }
    return [f"--{name}={value}" for name, value in settings.items()]


def _open_when_it_answers(port: int) -> None:
    until = time.monotonic() + STARTING_S
    while time.monotonic() < until:
        if not is_free(port):
            webbrowser.open(f"http://{HOST}:{port}")
            return
        time.sleep(0.2)
