"""dbt's models and tests as assets and checks; they are built as `simrace run` builds them."""

import json
import os
from collections.abc import Iterator, Mapping, Set
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from simrace.build.dbt import BuildError, BuildResult, Step
from simrace.operations import commands
from simrace.orchestration.landing import COMMAND, patience
from simrace.orchestration.settings import Plan

Events = Iterator[dg.MaterializeResult | dg.AssetCheckResult]


class Project:
    """The project as dbt parsed it when the scheduler was started."""

    def __init__(self, file: Path, landed: list[dg.AssetKey]) -> None:
        """Read it.

        Args:
            file: The manifest.
            landed: The assets that land, which the models that read raw stand below.
        """
        self.manifest: dict[str, Any] = json.loads(file.read_text("utf-8"))
        self.translator = _Translator(landed)
        _attach_tests(self.manifest)
        self.keys = {
            key: self.translator.get_asset_key(node)
            for key, node in self.manifest["nodes"].items()
            if node["resource_type"] in ("model", "seed")
        }
        self._nodes = {key: node for node, key in self.keys.items()}

    def mart(self, name: str) -> dict[str, Any] | None:
        """The model that makes a mart; of several versions the one that bears the name."""
        nodes = (self.manifest["nodes"][key] for key in self.keys)
        return next((node for node in nodes if node["alias"] == name and node["schema"] == "marts"), None)

    def selection(self, keys: set[dg.AssetKey]) -> list[str]:
        """What dbt's --select takes for assets."""
        return sorted(".".join(self.manifest["nodes"][self._nodes[key]]["fqn"]) for key in keys)

    def event(
        self, step: Step, assets: Set[dg.AssetKey], checks: Set[dg.AssetCheckKey]
    ) -> dg.MaterializeResult | dg.AssetCheckResult | None:
        """A step of dbt's as Dagster has it; None for what was not asked for, or not done."""
        details = {"dbt": step.status, "seconds": round(step.seconds, 3)}
        if step.node in self.keys:
            is_made = step.status in ("success", "no-op") and self.keys[step.node] in assets
            return dg.MaterializeResult(asset_key=self.keys[step.node], metadata=details) if is_made else None
        if step.node not in self.manifest["nodes"] or step.status not in ("pass", "warn", "fail", "error"):
            return None
        check = get_asset_check_key_for_test(self.manifest, self.translator, step.node, None)
        if check is None or check not in checks:
            return None
        return dg.AssetCheckResult(
            asset_key=check.asset_key,
            check_name=check.name,
            passed=step.status == "pass",
            severity=dg.AssetCheckSeverity.WARN if step.status == "warn" else dg.AssetCheckSeverity.ERROR,
            metadata={**details, "message": step.message, **({"rows": step.failures} if step.failures else {})},
        )


class _Translator(DagsterDbtTranslator):
    def __init__(self, landed: list[dg.AssetKey]) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))
        self._landed = landed

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        parents = self.get_resource_props(manifest, unique_id).get("depends_on", {}).get("nodes", [])
        if any(each.startswith("source.simrace.raw.") for each in parents):
            # without a mapping: to a model it is all one which month was landed
            landed = [dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in self._landed]
            spec = spec.merge_attributes(deps=landed)
        return spec

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and table, of versions of a model too."""
        of_source = dbt_resource_props["resource_type"] == "source"
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["identifier" if of_source else "alias"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["schema"])


def _attach_tests(manifest: dict[str, Any]) -> None:
    """Name for each test of several models the one that comes last, as whose check Dagster then has it."""
    parents = {key: node["depends_on"].get("nodes", []) for key, node in manifest["nodes"].items()}
    order = {key: number for number, key in enumerate(TopologicalSorter(parents).static_order())}
    for key, node in manifest["nodes"].items():
        models = [each for each in parents[key] if each in manifest["nodes"]]
        if node["resource_type"] == "test" and not node.get("attached_node") and models:
            last = manifest["nodes"][max(models, key=order.__getitem__)]
            reference = {"name": last["name"], "version": last.get("version")}
            node["config"].setdefault("meta", {})["dagster"] = {"ref": reference}


def build_assets(plan: Plan, project: Project) -> dg.AssetsDefinition:
    """All that dbt builds, as one step."""

    @dbt_assets(
        manifest=project.manifest,
        name="build",
        exclude="resource_type:unit_test",
        dagster_dbt_translator=project.translator,
        retry_policy=patience(plan),
    )
    def build(context: dg.AssetExecutionContext) -> Events:
        failure, asked = None, set(context.selected_asset_keys)
        try:
            with commands.begin(COMMAND, context.log.info, is_told=False) as work:
                if asked == set(project.keys.values()):
                    result = _build_due(context, work)
                else:
                    result = commands.build_some(work, project.selection(asked))
                steps = result.steps
                context.log.info(f"dbt: {json.dumps(result.counts)}")
        except BuildError as error:
            failure, steps = error, list(error.steps)
        checks = context.selected_asset_check_keys
        for step in {each.node: each for each in steps}.values():  # what was built twice is told once
            if event := project.event(step, asked, checks):
                yield event
        if failure and steps:  # dbt had begun: the same again would fail again
            raise dg.Failure(str(failure), allow_retries=False)
        if failure:
            raise failure

    return build


def _build_due(context: dg.AssetExecutionContext, work: commands.Work) -> BuildResult:
    """What `simrace run` does once files are landed."""
    due = commands.due(work)
    result = BuildResult()
    if due.is_current:
        context.log.info("Nothing is new since the last build: the marts stay as they are.")
    else:
        result = commands.build_marts(work, selector=due.selector)
    if old := [each for each in commands.expired(work) if each.is_let_go_by_run]:
        context.log.info("What is older than the var retention says is let go.")
        commands.retire(work, old, os.environ.get("SIMRACE_ARCHIVE"), context.log.info)
        result.steps += commands.build_marts(work).steps
        commands.tidy_lake(work)
    return result
