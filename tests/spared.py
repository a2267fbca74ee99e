"""What dbt does for nobody, left out in tests: a second of each of the hundreds of builds that they call.

Users have dbt as it is: 15 % of the time of one small file is not worth leaning on what dbt may change at any time.
A test that wants dbt as it is too calls it in a process of its own.
"""

from functools import cache, cached_property
from typing import Any

import networkx
import parsedatetime
from dbt.clients.jinja import MacroGenerator
from dbt.compilation import Linker
from dbt.context.macros import FlatNamespace, MacroNamespace, MacroNamespaceBuilder
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

_FOR_DEVELOPERS = (EventLevel.DEBUG, EventLevel.TEST)
_make_event = BaseEvent.__init__
_fire_event = EventManager.fire_event
_find_cycles = Linker.find_cycles
_make_constants = parsedatetime.Constants


def spare() -> None:
    """Let every dbt of this process leave it out."""
    message = cached_property(_message)
    message.__set_name__(BaseEvent, "pb_msg")
    for owner, name, ours in (
        (BaseEvent, "pb_msg", message),
        (BaseEvent, "__init__", _remember),
        (EventManager, "fire_event", _fire_if_heard),
        (parsedatetime, "Constants", _constants),
        (Linker, "find_cycles", _find_cycle_if_any),
        (MacroNamespaceBuilder, "build_namespace", _namespace),
        (MacroNamespace, "__getitem__", lambda names, name: _flat(names)[name]),
        (MacroNamespace, "_keys", lambda names: _flat(names).keys()),
    ):
        setattr(owner, name, ours)


def _remember(event: BaseEvent, *args: object, **fields: object) -> None:
    """An event gets its fields when somebody asks for them: of most nobody does."""
    vars(event)["given"] = args, fields


def _message(event: BaseEvent) -> object:
    args, fields = vars(event).pop("given")
    _make_event(event, *args, **fields)
    return vars(event)["pb_msg"]


def _fire_if_heard(
    manager: EventManager,
    e: BaseEvent,
    level: EventLevel | None = None,
    node: object = None,
    force_warn_or_error_handling: bool = False,
) -> None:
    """Dbt writes a line for each log, and looks for secrets in it, before it asks whether the log has such lines."""
    is_heard = any(logger.level in _FOR_DEVELOPERS for logger in manager.loggers)
    if is_heard or force_warn_or_error_handling or (level or e.level_tag()) not in _FOR_DEVELOPERS:
        _fire_event(manager, e, level, node, force_warn_or_error_handling)


@cache
def _constants(*args: Any, **kwargs: Any) -> object:
    """All words that a date may have: every answer of the database is looked through with several of these."""
    return _make_constants(*args, **kwargs)


def _find_cycle_if_any(linker: Linker) -> str | None:
    """To know that there is none takes a twentieth of the time of looking for one."""
    return None if networkx.is_directed_acyclic_graph(linker.graph) else _find_cycles(linker)  # type: ignore[no-untyped-call]


def _namespace(
    builder: MacroNamespaceBuilder, macros_by_package: dict[str, dict[str, Any]], ctx: dict[str, Any]
) -> MacroNamespace:
    """Each node has all nine hundred macros made for it twice, of which it calls some: so with less ado for each."""
    made: dict[str, FlatNamespace] = {}
    for package, macros in macros_by_package.items():
        of_package = made[package] = {}
        for macro in macros.values():
            called = of_package[macro.name] = MacroGenerator.__new__(MacroGenerator)
            called.__dict__ = {"macro": macro, "context": ctx, "node": builder.node, "stack": builder.thread_ctx}
    of_dbt: FlatNamespace = {}
    for package in reversed(builder.internal_package_names_order):  # the first of them shall win
        of_dbt.update(made.pop(package, {}))
    of_root, local = made.get(builder.root_package, {}), made.get(builder.search_package, {})
    return MacroNamespace(of_root, local, of_dbt, made)


def _flat(names: MacroNamespace) -> dict[str, Any]:
    """Each name's macro or package, where dbt would look in one part after the other."""
    if "flat" not in vars(names):
        flat: dict[str, Any] = {}
        for part in reversed([*names._search_order()]):
            flat.update(part)
        vars(names)["flat"] = flat
    return vars(names)["flat"]  # type: ignore[no-any-return]
