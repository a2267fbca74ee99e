"""What is left out of dbt's work shows nowhere: logs, macros and the cycle that dbt complains of are the same."""

import importlib.util
import io
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace

import pytest
from dbt.adapters.events.types import SQLQuery
from dbt.compilation import Linker
from dbt.context import macros
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.logger import LoggerConfig
from dbt_common.events.types import Note
from dbt_common.exceptions.events import EventCompilationError
from dbt_common.helper_types import WarnErrorOptionsV2

from tests.spared import spare


@pytest.fixture(autouse=True)
def _spared() -> None:
    spare()


def log(level: EventLevel) -> tuple[EventManager, io.StringIO, list[str]]:
    """Who is told of events, what was written, and what others were told."""
    manager, written, told = EventManager(), io.StringIO(), list[str]()
    manager.add_logger(LoggerConfig(f"spared {level}", level=level, output_stream=written))
    manager.add_callback(lambda event: told.append(event.info.name))
    return manager, written, told


def statement() -> BaseEvent:
    return SQLQuery(conn_name="model.laps", sql="select 1", node_info={"node_name": "laps"})


def test_an_event_that_no_log_has_is_not_made() -> None:
    manager, written, told = log(EventLevel.INFO)
    event = statement()
    manager.fire_event(event)
    assert (written.getvalue(), told, "pb_msg" in vars(event)) == ("", [], False)
    manager.fire_event(Note(msg="17 laps"))
    manager.fire_event(event, level=EventLevel.WARN)
    assert [line.split("  ", 1)[1] for line in written.getvalue().splitlines()] == [
        "17 laps",
        "On model.laps: select 1",
    ]
    assert told == ["Note", "SQLQuery"]


def test_a_log_of_everything_has_everything() -> None:
    manager, written, told = log(EventLevel.DEBUG)
    manager.fire_event(statement())
    assert "On model.laps: select 1" in written.getvalue()
    assert told == ["SQLQuery"]


def test_what_counts_as_an_error_ends_the_command_though_no_log_has_it() -> None:
    manager, *_ = log(EventLevel.ERROR)
    manager.warn_error_options = WarnErrorOptionsV2(error="all")
    with pytest.raises(EventCompilationError, match="select 1"):
        manager.fire_event(statement(), force_warn_or_error_handling=True)


def test_the_fields_of_an_event_can_be_read_and_changed() -> None:
    event = statement()
    event.sql = f"{event.sql} + 1"
    assert (event.message(), event.to_dict()["node_info"]["node_name"]) == ("On model.laps: select 1 + 1", "laps")


def test_a_cycle_is_found_and_named() -> None:
    linker = Linker()  # type: ignore[no-untyped-call]
    for one, other in (("b", "a"), ("c", "b"), ("d", "b")):
        linker.dependency(one, other)
    assert linker.find_cycles() is None
    linker.dependency("a", "c")
    assert linker.find_cycles() in ("a --> b --> c", "b --> c --> a", "c --> a --> b")


@pytest.fixture
def as_of_dbt() -> Iterator[ModuleType]:
    """The module as it is where nothing was left out."""
    spec = importlib.util.spec_from_file_location("macros_of_dbt", macros.__file__)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module


@pytest.mark.parametrize("package", ["simrace", "other", "dbt"])
def test_each_name_is_the_macro_that_it_is_in_dbt(as_of_dbt: ModuleType, package: str) -> None:
    """One name in every package, one in some, one that is a package's too."""
    known = {
        "dbt": ("ref", "run_query", "of_dbt"),
        "dbt_postgres": ("ref", "run_query", "of_postgres"),
        "simrace": ("ref", "lap", "other"),
        "other": ("ref", "lap", "of_other"),
    }
    by_package = {
        of: {name: SimpleNamespace(name=name, package_name=of) for name in names} for of, names in known.items()
    }
    node, stack, context = object(), object(), {"a": 1}
    made = []
    for module in (macros, as_of_dbt):
        builder = module.MacroNamespaceBuilder("simrace", package, stack, ["dbt_postgres", "dbt"], node)
        names = builder.build_namespace(by_package, context)
        found = {name: names[name] for name in names}
        packages = {name: found.pop(name) for name in [*found] if isinstance(found[name], dict)}
        parts = {"": found, **packages}
        of_package = [names.get_from_package(of, name) for of in (None, "dbt", "other") for name in ("ref", "lap")]
        made.append((
            {part: {name: vars(each) for name, each in inside.items()} for part, inside in parts.items()},
            [each and each.macro for each in of_package],
            len(names),
        ))  # fmt: skip
    assert made[0] == made[1]
    with pytest.raises(KeyError):
        macros.MacroNamespaceBuilder("simrace", package, stack, ["dbt"], node).build_namespace(by_package, {})["nobody"]
