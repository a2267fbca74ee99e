"""dbt does not check YAML keys on PostgreSQL: a misspelt `desciption:` would be silent."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
YAML_FILES = sorted(path for folder in ("models", "seeds", "macros") for path in (ROOT / folder).rglob("*.yml"))


VARS = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


def rendered(value: Any) -> Any:
    """The document with the values of vars, as dbt reads it: a threshold is a number."""
    if isinstance(value, dict):
        return {key: rendered(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rendered(one) for one in value]
    named = re.fullmatch(r"{{ var\('(\w+)'\) }}", value) if isinstance(value, str) else None
    return VARS[named[1]] if named else value


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads((files("dbt.jsonschemas") / "resources" / "latest.json").read_text(encoding="utf-8"))
    # dbt's schema takes every key of a version for an object: they are those of the model, and which columns it keeps.
    known = schema["definitions"]["ModelProperties"]["properties"]
    own = {key: known[key] for key in ("description", "config", "constraints", "data_tests", "deprecation_date")}
    taken = {"required": ["include"], "properties": {"include": {}, "exclude": {}}, "additionalProperties": False}
    own["columns"] = {"type": "array", "items": {"anyOf": [taken, known["columns"]["items"]]}}
    own |= {"v": {"type": "integer"}, "defined_in": {"type": "string"}}
    schema["definitions"]["Versions"] = {"required": ["v"], "properties": own, "additionalProperties": False}
    return jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_yaml_has_only_keys_that_dbt_knows(validator: Any, path: Path) -> None:
    document = rendered(yaml.safe_load(path.read_text(encoding="utf-8")))
    problems = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in _leaves(validator, document)
    ]
    assert not problems, "\n".join(problems)


def test_every_public_macro_is_described_with_its_arguments() -> None:
    """In the `_macros.yml` of its folder. A name that begins with an underscore is nobody's but its file's.

    What an engine has a form of its own of is described once, and the forms take the same arguments.
    """
    described, defined, forms = {}, {}, {}
    for file in (ROOT / "macros").rglob("_macros.yml"):
        for macro in yaml.safe_load(file.read_text(encoding="utf-8"))["macros"]:
            assert macro["description"].strip(), macro["name"]
            arguments = macro.get("arguments", [])
            assert all(argument.keys() >= {"type", "description"} for argument in arguments), macro["name"]
            described[file.parent.name, macro["name"]] = [argument["name"] for argument in arguments]
    arguments_of = {name: arguments for (_, name), arguments in described.items()}
    for file in (ROOT / "macros").rglob("*.sql"):
        for name, arguments in re.findall(r"{%-? macro (\w+)\((.*?)\) -?%}", file.read_text(encoding="utf-8")):
            named = re.findall(r"(?:^|, )(\w+)", arguments)
            form = re.fullmatch(r"(postgres|spark|sail)__(\w+)", name)
            if form and form[2] in arguments_of:
                forms[form[1], form[2]] = named
            elif not name.startswith("_"):
                defined[file.parent.name, name] = named
    assert described == defined
    assert {name: arguments_of[name[1]] for name in forms} == forms
    assert len(defined) > 100


def test_a_misspelt_key_is_found(validator: Any) -> None:
    document = {"models": [{"name": "laps", "desciption": "One row per lap."}]}
    assert any("desciption" in error.message for error in _leaves(validator, document))
    document = {"models": [{"name": "laps", "versions": [{"v": 1, "deprecated_on": "2027-12-31"}]}]}
    assert any("deprecated_on" in error.message for error in _leaves(validator, document))


def _leaves(validator: Any, document: Any) -> list[jsonschema.ValidationError]:
    return list(validator.iter_errors(document))
