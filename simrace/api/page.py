"""The specification as a page for people: no script, nothing from elsewhere."""

import json
from html import escape
from typing import Any

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
:root { color-scheme: light dark }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em }
pre { overflow-x: auto; padding: 0.8rem; border: 1px solid gray }
table { border-collapse: collapse }
td { padding: 0.2rem 1rem 0.2rem 0; vertical-align: top }
"""


def render(specification: dict[str, Any]) -> str:
    """HTML of an OpenAPI document.

    Args:
        specification: As /openapi.json gives it.
    """
    info = specification["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])} API</h1><p>{escape(info.get('summary', ''))}",
        " As a document: <a href=openapi.json>openapi.json</a>.</p>",
    ]
    for path, methods in specification["paths"].items():
        parts += [_operation(path, method, each) for method, each in methods.items()]
    parts.append("<h2>Shapes</h2>")
    for name, schema in specification["components"]["schemas"].items():
        parts.append(f"<h3 id='{escape(name)}'>{escape(name)}</h3><p>{escape(schema.get('description', ''))}</p>")
        parts.append(_table((key, _kind(each), each.get("description", "")) for key, each in _properties(schema)))
    return "\n".join([*parts, "</html>"])


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation.get('description', ''))}",
        " Needs the token." if operation.get("security") else "",
        "</p>",
    ]
    if parameters := operation.get("parameters"):
        rows = ((each["name"], _kind(each["schema"]), each.get("description", "")) for each in parameters)
        parts.append(f"<h3>In the address</h3>{_table(rows)}")
    for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
        rows = ((key, _kind(each), each.get("description", "")) for key, each in _properties(body["schema"]))
        parts.append(f"<h3>Body: <code>{escape(media_type)}</code></h3><p>{_kind(body['schema'])}</p>{_table(rows)}")
    parts.append(f"<h3>For example</h3><pre>{escape(_example(path, method, operation))}</pre><h3>Answers</h3>")
    answers = (
        (status, " or ".join(_kind(each.get("schema", {})) for each in answer.get("content", {}).values()),
         answer.get("description", ""))
        for status, answer in sorted(operation["responses"].items())
    )  # fmt: skip
    return "".join([*parts, _table(answers)])


def _example(path: str, method: str, operation: dict[str, Any]) -> str:
    token = ' -H "Authorization: Bearer $SIMRACE_API_TOKEN"' if operation.get("security") else ""
    body = ""
    for media_type in operation.get("requestBody", {}).get("content", {}):
        is_form = media_type == "multipart/form-data"
        body = " -F files=@lap.csv" if is_form else f" --json '{json.dumps({'subsession_ids': ['12345']})}'"
    return f"curl -X {method.upper()}{token}{body} http://127.0.0.1:8700{path}"


def _properties(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(schema.get("properties", {}).items())


def _kind(schema: dict[str, Any]) -> str:
    """Its type in a word, with a link where it is a shape of its own."""
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f"<a href='#{name}'>{name}</a>"
    if either := schema.get("anyOf"):
        return " or ".join(map(_kind, either))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return escape(" ".join(filter(None, (schema.get("format"), schema.get("type", "")))))


def _table(rows: Any) -> str:
    """Rows of a name, a type in HTML and a text."""
    lines = (f"<tr><td><code>{escape(name)}</code><td>{kind}<td>{escape(text)}" for name, kind, text in rows)
    return f"<table>{''.join(lines)}</table>"
