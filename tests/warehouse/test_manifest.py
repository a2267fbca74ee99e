"""Rules of the layers, read from the manifest that dbt writes."""

import re
from typing import Any

import pytest
import yaml

from simrace.database.roles import LOADER, SCHEMAS, TRANSFORMER
from simrace.lake.publish import SCHEMA as PUBLISHED_SCHEMA
from simrace.report.statements import statement
from tests.conftest import ROOT, Warehouse


@pytest.fixture(scope="module")
def manifest(warehouse: Warehouse) -> dict[str, Any]:
    return warehouse.manifest()


def _models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def test_samples_are_parsed_by_one_model_alone(manifest: dict[str, Any]) -> None:
    """Parsing is expensive, and each reader of a view parses again, data tests included."""
    children = manifest["child_map"]["model.simrace.stg_telemetry__samples"]
    assert [child for child in children if not child.startswith("unit_test.")] == [
        "model.simrace.int_telemetry_samples"
    ]


def test_only_staging_reads_raw(manifest: dict[str, Any]) -> None:
    """What simrace wrote down itself (ops) is no source system: operations, predictions and quality read it too."""
    readers = {
        (parent.split(".")[2], *node["fqn"][1:3])
        for node in _models(manifest).values()
        for parent in node["depends_on"]["nodes"]
        if parent.startswith("source.")
    }
    beside_staging = {reader for reader in readers if reader[1] != "staging"}
    assert beside_staging == {("ops", "marts", each) for each in ("operations", "predictions", "quality")}


@pytest.mark.parametrize(("layer", "unread"), [("marts", "staging"), ("intermediate", "marts"), ("staging", "marts")])
def test_layers_are_read_downhill(manifest: dict[str, Any], layer: str, unread: str) -> None:
    """Staging, intermediate, marts; a foreign key of a table beneath a mart does not read the dimension.

    marts/operations are about landing itself.
    """
    models = _models(manifest)
    shortcuts = {
        (node["name"], models[parent]["name"])
        for node in models.values()
        if node["fqn"][1] == layer and node["fqn"][2] != "operations"
        for parent in _parents(models, node)
        if models[parent]["fqn"][1] == unread
    }
    assert not shortcuts


def test_races_are_told_as_of_the_cutoff(manifest: dict[str, Any]) -> None:
    """Nobody reads races past the two models that look from the var results_cutoff."""
    models = _models(manifest)
    whole = {"int_races_deduplicated", "int_race_results_deduplicated"}
    readers = {
        node["name"] for node in models.values() if whole & {_name(parent) for parent in node["depends_on"]["nodes"]}
    }
    assert readers - whole == {"int_races_as_of_cutoff", "int_race_results_as_of_cutoff"}


def test_what_is_made_anew_is_not_told_by_rows_that_are_to_go(manifest: dict[str, Any]) -> None:
    """A dimension keeps such rows until the facts that refer to them have gone, so facts built from them would stay."""
    models = _models(manifest)
    referred = {parent for node in models.values() for parent in _referred(node)}
    kept_longer = {key for key, node in models.items() if node["name"] in referred}
    fingerprints = {node["config"].get("fingerprints") for node in models.values()} - {None}
    read = {key for key, node in models.items() if node["name"] in fingerprints}
    assert read and kept_longer
    assert not {models[key]["name"] for key in read if kept_longer & _ancestors(models, key)}


def test_a_model_is_written_in_one_transaction(manifest: dict[str, Any]) -> None:
    """A hook outside of it would commit what `set local` says, and leave a table without its record."""
    hooks = [
        hook
        for node in _models(manifest).values()
        for each in ("pre-hook", "post-hook")
        for hook in node["config"][each]
    ]
    assert hooks
    assert all(hook["transaction"] for hook in hooks)


def test_every_table_is_built_by_one_of_two_ways(manifest: dict[str, Any]) -> None:
    """A small one by the difference of its key, a large one by key and fingerprint; both need a key."""
    models = _models(manifest).values()
    assert {node["config"]["materialized"] for node in models} == {"view", "table", "incremental"}
    tables = [node for node in models if node["config"]["materialized"] != "view"]
    assert not [node["name"] for node in tables if not _key_of(node)]
    by_fingerprint = {
        node["name"] for node in tables if node["config"].get("fingerprints") and node["config"].get("key")
    }
    assert by_fingerprint == {node["name"] for node in tables if node["config"]["materialized"] == "incremental"}


def test_rows_may_change_their_places(manifest: dict[str, Any]) -> None:
    """A table is written row by row, so what is unique beside its key is so only when all are written: `deferrable`."""
    models = [node for node in _models(manifest).values() if node["config"]["materialized"] == "table"]
    assert not [
        node["name"] for node in models if any(each.get("unique") for each in node["config"].get("indexes", []))
    ]
    constraints = [(node["name"], each) for node in models for each in node["constraints"]]
    assert not {name for name, each in constraints if each["type"] == "unique"}
    said = [each for _, each in constraints if "unique" in str(each["expression"])]
    assert said
    assert all(each["expression"].endswith(" deferrable") for each in said)
    # its index has the same name, which the old table still has while the new one is made
    assert not any(each["name"] for _, each in constraints if each["type"] in ("primary_key", "custom"))


_STAGING = {path.name for path in (ROOT / "models" / "staging").iterdir()}
_FAMILIES = {"telemetry": {"telemetry"}, "results": _STAGING - {"files", "ops", "telemetry"}}


@pytest.mark.parametrize(("landed", "other"), [("telemetry", "results"), ("results", "telemetry")])
def test_what_one_family_of_files_makes_anew_is_what_reads_it(
    warehouse: Warehouse, manifest: dict[str, Any], landed: str, other: str
) -> None:
    """A selector leaves out what is made of the other family or of seeds alone, which a foreign key does not make it.

    Views are left out too, because they show new rows by themselves; tests of their rows are not. A test is left out
    only where all that it reads is.
    """
    nodes, models = manifest["nodes"], _models(manifest)

    def listed(kind: str) -> set[str]:
        named = warehouse.run("dbt", "ls", "--quiet", "--selector", f"after_{landed}", "--resource-type", kind).stdout
        return {_name(line) for line in named.split()}

    def is_made_of(key: str, family: str) -> bool:
        folders = _FAMILIES[family]
        return any(
            models[each]["fqn"][1] == "staging" and models[each]["fqn"][2] in folders
            for each in {key, *_ancestors(models, key)}
        )

    def is_made_of_files(key: str) -> bool:
        read = {parent for each in {key, *_ancestors(models, key)} for parent in nodes[each]["depends_on"]["nodes"]}
        return any(parent.startswith("source.") for parent in read)

    left_out = {
        key for key in models if (is_made_of(key, other) and not is_made_of(key, landed)) or not is_made_of_files(key)
    }
    views = {key for key, node in models.items() if node["config"]["materialized"] == "view"}
    selected = listed("model")
    assert len(selected) > 30
    assert selected == {models[key]["name"] for key in models.keys() - left_out - views}
    stay = left_out | {key for key in nodes if key.startswith("seed.")}
    tests = [node for node in nodes.values() if node["resource_type"] == "test"]
    due = {node["name"] for node in tests if not set(node["depends_on"]["nodes"]) <= stay}
    assert 40 < len(due) < len(tests)
    assert listed("test") == due


def _name(unique_id: str) -> str:
    """Name of a model; the version of one that has several is not part of it."""
    return re.sub(r"[.]v[0-9]+$", "", unique_id).rpartition(".")[2]


def _ancestors(models: dict[str, dict[str, Any]], key: str) -> set[str]:
    """All models that a model is made of; what it only refers to by a foreign key is not among it."""
    found: set[str] = set()
    waiting = [key]
    while waiting:
        for parent in _parents(models, models[waiting.pop()]):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _parents(models: dict[str, dict[str, Any]], node: dict[str, Any]) -> list[str]:
    """The models that a model reads."""
    referred = _referred(node)
    names = {parent: _name(parent) for parent in node["depends_on"]["nodes"] if parent in models}
    return [parent for parent, name in names.items() if name not in referred or f"ref('{name}')" in node["raw_code"]]


def _referred(node: dict[str, Any]) -> set[str]:
    """Names of the tables that a model's foreign keys point to."""
    constraints = [*node["constraints"], *(each for col in node["columns"].values() for each in col["constraints"])]
    keys = [each for each in constraints if each["type"] == "foreign_key"]
    return {
        *(str(each["to"]).replace('"', "").rpartition(".")[2] for each in keys if each["to"]),
        *(name for each in keys for name in re.findall(r"ref\('(\w+)'\)", str(each["to"]))),
        *(str(each["expression"]).split()[0] for each in keys if not each["to"]),
    }


def test_every_model_is_described_and_tested(manifest: dict[str, Any]) -> None:
    untested, undescribed = [], []
    for key, node in _models(manifest).items():
        tests = [child for child in manifest["child_map"][key] if child.startswith(("test.", "unit_test."))]
        if not tests and not node["constraints"]:
            untested.append(node["name"])
        if not node["description"].strip().startswith("One row"):
            undescribed.append(node["name"])
    assert not untested
    assert not undescribed


def test_every_mart_has_a_contract_and_a_key(manifest: dict[str, Any]) -> None:
    bare = [
        node["name"]
        for node in _models(manifest).values()
        if node["fqn"][1] == "marts"
        and not (
            node["contract"]["enforced"]
            and any(constraint["type"] == "primary_key" for constraint in node["constraints"])
        )
    ]
    assert not bare


def test_no_data_test_asks_what_a_constraint_holds(manifest: dict[str, Any]) -> None:
    """PostgreSQL refuses such rows, and test_integrity.py looks whether the constraints are there."""
    models, asked_again = _models(manifest), set()
    for test in manifest["nodes"].values():
        model = models.get(test.get("attached_node") or "")
        if test["resource_type"] != "test" or not model or model["config"]["materialized"] == "view":
            continue  # nothing holds what a view says
        held: dict[str, list[set[str]]] = {"primary_key": [], "not_null": [], "unique": [], "foreign_key": []}
        for constraint in model["constraints"]:
            held.setdefault(constraint["type"], []).append(set(constraint["columns"]))
        for column in model["columns"].values():
            for constraint in column["constraints"]:
                held.setdefault(constraint["type"], []).append({column["name"]})
        asked, arguments = test["test_metadata"]["name"], test["test_metadata"]["kwargs"]
        columns = set(arguments.get("columns") or [arguments.get("column_name")])
        is_filled = columns <= set().union(*held["primary_key"], *held["not_null"])
        is_unique = any(key <= columns for key in held["primary_key"] + held["unique"])
        if (
            (asked in ("never_null", "not_null") and is_filled)
            or (asked in ("is_key", "unique_combination", "unique") and is_unique)
            or (asked == "relationships" and columns in held["foreign_key"])
        ):
            asked_again.add(test["name"])
    assert not asked_again


def test_a_published_table_holds_the_key_and_the_columns_of_its_view(manifest: dict[str, Any]) -> None:
    """A view of one table, whole: what its contract says is held to by the table beneath it."""
    models = _models(manifest)
    whole = {
        node["name"]: (node, models[node["depends_on"]["nodes"][0]])
        for node in models.values()
        if node["config"]["materialized"] == "view"
        and re.search(r"\A({{ config\(.*?\) }}\s+)?select \* from", node["raw_code"])
        if node["fqn"][1] == "marts"
    }
    assert {"fct_telemetry_samples", "fct_laps", "fct_lap_traces", "lap_references"} <= whole.keys()
    for view, table in whole.values():
        assert table["contract"]["enforced"]
        assert _key_of(table) == _key_of(view)
        assert _said_of_columns(table) == _said_of_columns(view)


def _key_of(node: dict[str, Any]) -> list[str]:
    of_columns = {name: each["constraints"] for name, each in node["columns"].items()}
    keys = [each["columns"] for each in node["constraints"] if each["type"] == "primary_key"]
    keys += [[name] for name, each in of_columns.items() if "primary_key" in {one["type"] for one in each}]
    return list(keys[0]) if keys else []


def _said_of_columns(node: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(name, each["data_type"], each["description"]) for name, each in node["columns"].items()]


def test_a_channel_is_the_same_everywhere(manifest: dict[str, Any]) -> None:
    """The channels of the project are the columns of the samples, in name, type and order."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    channels = {name: kind["type"] for name, kind in project["vars"]["telemetry_channels"].items()}
    columns = manifest["nodes"]["model.simrace.fct_telemetry_samples"]["columns"]
    shown = {name: column["data_type"] for name, column in columns.items() if name in channels}
    assert shown == channels
    assert list(shown) == list(channels)


def test_every_exposure_says_what_it_reads(manifest: dict[str, Any]) -> None:
    assert all(exposure["depends_on"]["nodes"] for exposure in manifest["exposures"].values())
    assert manifest["exposures"]
    report = (ROOT / "simrace" / "report" / "marts.py").read_text(encoding="utf-8")
    assert set(re.findall(r"(?:from|join) marts\.(\w+)", report)) == _read_by("session_report", manifest)
    reading = (ROOT / "simrace" / "report" / "race_marts.py").read_text(encoding="utf-8")
    asked = [f"{statement(name)}" for name in re.findall(r'"(race/\w+)"', reading)]
    assert set(re.findall(r"(?:from|join) marts\.(\w+)", "".join(asked))) == _read_by("race_report", manifest)
    operations = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "simrace" / "operations").glob("*.py"))
    named = set(re.findall(r"(?:from|join|into|update|\") ?(?:marts|ops)\.(\w+)", operations))
    assert named == _read_by("operations", manifest)
    championships = "".join(file.read_text("utf-8") for file in (ROOT / "simrace" / "championships").glob("*.py"))
    championships += statement("league/races")
    named = set(re.findall(r"(?:from|join) (?:marts|\{schema\})\.(\w+)", championships))
    assert named == _read_by("championship_command", manifest)
    analyses = [node for node in manifest["nodes"].values() if node["resource_type"] == "analysis"]
    asked = {_name(parent) for node in analyses for parent in node["depends_on"]["nodes"]}
    assert asked <= _read_by("bi_tools", manifest)
    assert len(analyses) == 21


def test_every_schema_is_whose_the_roles_say(manifest: dict[str, Any]) -> None:
    """What dbt builds is in the schemas of the transformer, with what an engine publishes; what it reads is raw."""
    nodes = (node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed"))
    built = {node["schema"] for node in nodes}
    assert built | {PUBLISHED_SCHEMA} == {schema for schema, (writer, _) in SCHEMAS.items() if writer == TRANSFORMER}
    read = {source["schema"] for source in manifest["sources"].values()} - built
    assert read == {schema for schema, (writer, _) in SCHEMAS.items() if writer == LOADER}


def _read_by(exposure: str, manifest: dict[str, Any]) -> set[str]:
    nodes = manifest["exposures"][f"exposure.simrace.{exposure}"]["depends_on"]["nodes"]
    return {_name(node) for node in nodes}
