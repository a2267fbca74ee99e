"""What the wheel carries beside the packages: the dbt project. An editable install reads it where it is."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProjectHook(BuildHookInterface):
    """Puts the dbt project into the package, where simrace/build/project.py looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files of a wheel.

        Args:
            version: `standard`, or `editable`.
            build_data: What hatchling builds by.
        """
        if version == "standard":
            build_data["force_include"].update({part: f"simrace/project/{part}" for part in self.config["project"]})
