"""`simrace serve`: the HTTP API."""

import ipaddress
import socket
from types import FrameType
from typing import Annotated

import typer

from simrace.api.settings import TOKEN_VARIABLE, read_settings
from simrace.build.project import project_directory
from simrace.cli.terminal import readable_errors, say, say_error
from simrace.database.connection import connection_parameters
from simrace.operations.commands import say_in_log


def serve(
    host: Annotated[str, typer.Option(help=f"Address to listen on; others than this machine's need {TOKEN_VARIABLE}.")]
    = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes any that is free.")] = 8700,
) -> None:  # fmt: skip
    """Take files and questions over HTTP (/docs says which), until Ctrl-C. Needs the extra `api`."""
    try:
        import uvicorn

        from simrace.api.app import create_app
        from simrace.api.watch import Watch
    except ImportError as error:
        say_error(f"The extra `api` is not installed: pip install 'simrace[api]' ({error.name} is missing)")
        raise typer.Exit(1) from error
    with readable_errors():
        settings = read_settings()
        if not (settings.token or _is_this_machine(host)):
            say_error(f"Whoever reaches {host} could land files: set {TOKEN_VARIABLE}, or listen on 127.0.0.1.")
            raise typer.Exit(2)
        project_directory()
        connection_parameters(say)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        say_error(f"{host}:{port} cannot be listened on: {error.strerror}. Name another with --host and --port.")
        raise typer.Exit(1) from error
    shown = f"[{host}]" if ":" in host else host
    say(f"Listening on http://{shown}:{listening.getsockname()[1]}, described at /docs, live at /live; Ctrl-C ends it.")
    watch = Watch()

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            watch.end()
            super().handle_exit(sig, frame)

    config = uvicorn.Config(create_app(settings, watch), log_level="warning", access_log=False, server_header=False)
    try:
        Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        say_in_log("The server has stopped.")
    say("Stopped.")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
