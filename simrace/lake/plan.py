"""Who builds what, and when: what grows and what does not read each other in turns."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

GROWS = "grows"  # in a model's `meta`
PUBLISHED, FETCHED, KEPT = "published", "fetched", "kept"


@dataclass(frozen=True)
class Phase:
    """What one invocation of dbt builds.

    Attributes:
        is_of_lake: Whether the engine builds it, and not PostgreSQL.
        names: Models, seeds and tests; of the lake models, and tests of what it alone has whole.
        inputs: Names of the small tables that the models of a phase of the lake read.
    """

    is_of_lake: bool
    names: tuple[str, ...]
    inputs: tuple[str, ...] = ()


def phases(manifest: Any) -> list[Phase]:
    """Divide the project into phases, PostgreSQL's and the lake's by turns, each as early as what it reads allows.

    What grows is built by the lake first, and published into the table of the same name by PostgreSQL's next phase.
    Tests of what PostgreSQL has not got whole are run by both.

    Args:
        manifest: dbt's.
    """
    nodes: Mapping[str, Any] = manifest.nodes
    parents = {key: [each for each in node.depends_on_nodes if each in nodes] for key, node in nodes.items()}
    of_postgres: dict[str, int] = {}
    of_lake: dict[str, int] = {}
    for key in TopologicalSorter(parents).static_order():
        node = nodes[key]
        if node.resource_type not in ("model", "seed", "test"):
            continue
        # foreign keys make dbt build a dimension first; what is built by PostgreSQL keeps to that
        after = max((of_postgres[each] for each in parents[key]), default=0)
        if grows(node) or _is_test_of_lake(node, nodes):
            read = [of_lake[each] if each in of_lake else of_postgres[each] + 1 for each in _read(node, nodes)]
            of_lake[key] = max(read, default=1)
            after = max(after, of_lake[key] + 1)
        of_postgres[key] = after
    found = []
    for number in range(max(of_postgres.values(), default=0) + 1):
        is_of_lake = number % 2 == 1  # the first is PostgreSQL's
        placed = of_lake if is_of_lake else of_postgres
        keys = [key for key, place in placed.items() if place == number]
        if is_of_lake:
            for key in keys:  # which gains the views that it reads: an engine that has no catalog forgets them
                views = (each for each in parents[key] if each in of_lake and _is_view(nodes[each]))
                keys.extend(each for each in views if each not in keys)
            copied = {each for key in keys for each in _read(nodes[key], nodes) if each not in of_lake}
            names = tuple(sorted(nodes[key].name for key in keys))
            found.append(Phase(True, names, tuple(sorted(nodes[each].name for each in copied))))
        else:
            found.append(Phase(False, tuple(sorted(nodes[key].name for key in keys))))
    return found


def grows(node: Any) -> str | None:
    """How a model that the lake builds comes back to PostgreSQL; None of one that PostgreSQL builds."""
    value = (node.config.meta or {}).get(GROWS) if node.resource_type == "model" else None
    return str(value) if value else None


def _is_test_of_lake(node: Any, nodes: Mapping[str, Any]) -> bool:
    return node.resource_type == "test" and any(grows(nodes[each]) in (FETCHED, KEPT) for each in _read(node, nodes))


def _is_view(node: Any) -> bool:
    """Whether it is one in the lake: with a key, a view of PostgreSQL is a table there."""
    return bool(node.config.materialized == "view" and not node.config.get("key"))


def _read(node: Any, nodes: Mapping[str, Any]) -> list[str]:
    """What the SQL of a node reads; what a model's foreign keys alone refer to stays PostgreSQL's business."""
    parents = [key for key in node.depends_on_nodes if key in nodes]
    if node.resource_type != "model":
        return parents
    constraints = [*node.constraints, *(each for column in node.columns.values() for each in column.constraints)]
    referred = " ".join(str(each.to or "") for each in constraints)
    return [key for key in parents if nodes[key].name not in referred or f"'{nodes[key].name}'" in node.raw_code]
