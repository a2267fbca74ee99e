"""Read an XML document as JSON of its tree: structure, and no meaning. What it declares is believed in nothing.

An element is an object: its `tag`, its `attributes` where it has some, and its `content` where it has any: texts and
elements, in their order. Comments are left out, and white space that only sets elements apart.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from ingestion.reading import Reason, RefusedError

MAX_DEPTH = 100
MAX_MARKS = 2_000_000  # tags and attributes; each takes about a hundred bytes
_PIECE_CHARACTERS = 1 << 16
_NO_CHARACTER = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(?:#x([0-9A-Fa-f]{1,6});|#([0-9]{1,7});)?")


@dataclass(frozen=True)
class XmlTree:
    """A document that was read.

    Attributes:
        root: Its outermost element.
        repairs: How often something had to be put right before it was XML, by what it was; what did not occur is left
            out. The text that is landed stays as it is.
    """

    root: dict[str, Any]
    repairs: dict[str, int]


class Target:
    """What takes the parts of a document, in their order, while it is read.

    Attributes:
        line: Tells the line of the part that is handed over, from 1.
    """

    line: Callable[[], int] = staticmethod(lambda: 0)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins; a name with a namespace is `{namespace}name`."""

    def data(self, text: str) -> None:
        """A piece of text."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def close(self) -> None:
        """The document ends."""


def read_tree(text: str) -> XmlTree:
    """Read a document. A bare ampersand, and characters that XML does not know, are put right first.

    Raises:
        RefusedError: too_large, or malformed: no XML, too deep, or it declares more than plain texts that it never
            uses.
    """
    tree = _Tree()
    repairs = read_parts(text, tree)
    return XmlTree(tree.root, repairs)


def read_parts(text: str, target: Target) -> dict[str, int]:
    """Read a document as `read_tree` does, and hand its parts over while it is read.

    Returns:
        The repairs, see `XmlTree`.

    Raises:
        RefusedError: as `read_tree`, but for the depth, which the target checks.
    """
    if (marks := text.count("<") + text.count("=")) > MAX_MARKS:
        raise RefusedError(Reason.TOO_LARGE, f"an XML document of {marks:,} tags and attributes")
    whole, bad_characters = _NO_CHARACTER.subn("\ufffd", text)
    ampersands = 0

    def repaired(found: re.Match[str]) -> str:
        nonlocal ampersands
        code = int(found[1], 16) if found[1] else int(found[2] or 0)
        if _is_character(code):
            return found[0]
        ampersands += 1
        return "&amp;" + found[0][1:]

    if "<![CDATA[" not in whole:  # in which an ampersand is an ordinary character
        whole = _AMPERSAND.sub(repaired, whole)
    parser = _Parser(target, text)
    target.line = lambda: parser.parser.CurrentLineNumber
    try:
        for start in range(0, len(whole), _PIECE_CHARACTERS):
            parser.feed(whole[start : start + _PIECE_CHARACTERS])
        parser.close()
    except (ParseError, DefusedXmlException) as error:
        told = str(error) if isinstance(error, ParseError) else "it declares what no such document needs"
        raise RefusedError(Reason.MALFORMED, f"not valid XML: {told}") from None
    repairs = {"ampersands": ampersands, "control_characters": bad_characters}
    return {name: count for name, count in repairs.items() if count}


def _is_character(code: int) -> bool:
    return (0x20 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF)) or code in (
        9,
        10,
        13,
    )


class _Parser(DefusedXMLParser):
    """A parser that takes no declaration but that of a plain text which the document never uses."""

    def __init__(self, target: Target, text: str) -> None:
        super().__init__(target=target, forbid_dtd=True)
        self.parser.AttlistDeclHandler = self._refuse  # it could add attributes that stand nowhere
        self.parser.NotationDeclHandler = self._refuse
        self._text = text

    def defused_start_doctype_decl(self, name: str, sysid: str | None, pubid: str | None, has_internal: int) -> None:
        """Refuse a document type that stands in another file."""
        if sysid is not None or pubid is not None:
            self._refuse()

    def defused_entity_decl(
        self,
        name: str,
        is_parameter_entity: int,
        value: str | None,
        base: str | None,
        sysid: str | None,
        pubid: str | None,
        notation_name: str | None,
    ) -> None:
        """Refuse an entity that is of parameters, external, nested, or used anywhere."""
        if is_parameter_entity or value is None or "&" in value or "%" in value or f"&{name};" in self._text:
            self._refuse()

    def _refuse(self, *_: object) -> NoReturn:
        raise DefusedXmlException


@dataclass
class _Tree(Target):
    """Makes objects of what the parser finds.

    Attributes:
        root: The outermost element, complete when the parser has ended.
    """

    root: dict[str, Any] = field(default_factory=dict)
    _open: list[dict[str, Any]] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)  # most values occur often, so each is held once

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) == MAX_DEPTH:
            raise RefusedError(Reason.MALFORMED, f"XML nested over {MAX_DEPTH} levels deep")
        element: dict[str, Any] = {"tag": sys.intern(tag)}
        if attributes:
            element["attributes"] = {sys.intern(name): self._once(value) for name, value in attributes.items()}
        if self._open:
            self._open[-1].setdefault("content", []).append(element)
        else:
            self.root = element
        self._open.append(element)

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].setdefault("content", []).append(self._once(text))

    def end(self, _: str) -> None:
        element = self._open.pop()
        if content := element.get("content"):
            element["content"] = _joined(content)

    def _once(self, text: str) -> str:
        return self._texts.setdefault(text, text)


def _joined(content: list[Any]) -> list[Any]:
    """Texts that the parser gave in pieces are one; white space between elements is none."""
    has_elements = any(isinstance(part, dict) for part in content)
    joined: list[Any] = []
    for part in content:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return [part for part in joined if not has_elements or isinstance(part, dict) or part.strip()]
