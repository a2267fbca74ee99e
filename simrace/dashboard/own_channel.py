"""A channel that the reader works out from others: arithmetic over the lap, and nothing but what is listed here.

Python's own parser reads the text, because it knows brackets and what binds closer. Nothing of the text is ever run:
each piece is looked at, and what is not listed is refused with its place.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from operator import add, mul, sub, truediv
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ingestion.errors import ReadableError

MOST_CHARACTERS = 200
MOST_METRES = 10_000
EXAMPLE = "smooth(per_second(speed_kph), 20)"
HELP = """Numbers, channels, + - * / and brackets, and these functions:
  abs(x)  sqrt(x)  nullif(x, y)  greatest(x, y, ...)  least(x, y, ...), as in seeds/math_channels.csv
  smooth(x, 20)    the mean over 20 m
  per_metre(x)     how much x changes in a metre
  per_second(x)    how much x changes in a second
Channels are in metric units. A name with other characters than letters, digits and _ stands in quotes.
Channels of these laps:
"""
_ALLOWED = "here are numbers, channels, + - * / ( ) and functions alone"

Values = NDArray[np.float64]


class ExpressionError(ReadableError):
    """An expression is not understood.

    Attributes:
        said: What is wrong.
        at: Number of the character where, counted from 0.
    """

    def __init__(self, said: str, at: int) -> None:
        """What is wrong, and where."""
        super().__init__(f"Character {at + 1}: {said}.")
        self.said, self.at = said, at

    def marked(self, text: str) -> str:
        """The expression with a mark under the place, and what is wrong.

        Args:
            text: The expression.
        """
        return f"{text}\n{' ' * self.at}^ {self}"


@dataclass(frozen=True)
class _Lap:
    """What an expression is worked out over."""

    values: Mapping[str, Values]
    distance_m: Values
    elapsed_s: Values


def _smooth(lap: _Lap, value: Values, metres: Values) -> Values:
    step = float(np.median(np.diff(lap.distance_m))) if len(lap.distance_m) > 1 else 1.0
    points = max(1, round(float(metres[0]) / step))
    return pd.Series(value).rolling(points, center=True, min_periods=1).mean().to_numpy()


def _change(value: Values, over: Values) -> Values:
    return np.gradient(value, over) if len(value) > 1 else np.full(len(value), np.nan)


# For each function: how it is worked out, the fewest arguments and the most.
_FUNCTIONS: dict[str, tuple[Callable[..., Values], int, int]] = {
    "abs": (lambda _, value: np.abs(value), 1, 1),
    "sqrt": (lambda _, value: np.sqrt(value), 1, 1),
    # like PostgreSQL's they pass over what is missing
    "greatest": (lambda _, *values: np.fmax.reduce(values), 2, 9),
    "least": (lambda _, *values: np.fmin.reduce(values), 2, 9),
    "nullif": (lambda _, value, other: np.where(value == other, np.nan, value), 2, 2),
    "smooth": (_smooth, 2, 2),
    "per_metre": (lambda lap, value: _change(value, lap.distance_m), 1, 1),
    "per_second": (lambda lap, value: _change(value, lap.elapsed_s), 1, 1),
}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: add,
    ast.Sub: sub,
    ast.Mult: mul,
    ast.Div: truediv,
}


@dataclass(frozen=True)
class Expression:
    """An expression that was read.

    Attributes:
        text: As it was written.
        names: Channels in it, in their order.
    """

    text: str
    names: tuple[str, ...]
    _tree: ast.expr

    def over(self, trace: pd.DataFrame, values: Mapping[str, "pd.Series[Any]"]) -> Values:
        """Its value at each point of a lap; NaN where there is none.

        Args:
            trace: Of the lap, with distance and time.
            values: Of each channel in it, at the points of the trace.
        """
        lap = _Lap(
            {name: pd.to_numeric(values[name]).to_numpy("float64", na_value=np.nan) for name in self.names},
            trace.distance_m.to_numpy("float64"),
            trace.lap_elapsed_s.to_numpy("float64"),
        )
        with np.errstate(all="ignore"):
            found = _work_out(self._tree, lap)
        return np.where(np.isfinite(found), found, np.nan)


def read(text: str, channels: Iterable[str]) -> Expression:
    """Read an expression.

    Args:
        text: What the reader wrote, on one line.
        channels: Names that it may hold.

    Raises:
        ExpressionError: it holds anything that is not listed here.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(f"an expression has at most {MOST_CHARACTERS} characters", MOST_CHARACTERS)
    if control := [at for at, character in enumerate(text) if not character.isprintable()]:
        raise ExpressionError("a character that cannot be seen", control[0])
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        if not error.offset:  # it ends too early
            raise ExpressionError("a number or a channel is missing at the end", len(text)) from None
        raise ExpressionError(f"{error.msg}; {_ALLOWED}", min(error.offset - 1, len(text))) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("too many brackets in each other", 0) from None
    known = list(dict.fromkeys(channels))
    names: dict[str, None] = {}
    _check(tree, text, known, names)
    return Expression(text, tuple(names), tree)


def _check(node: ast.expr, text: str, known: list[str], names: dict[str, None]) -> None:
    """Refuse what is not listed; collect the names of channels."""
    match node:
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            _check(left, text, known, names)
            _check(right, text, known, names)
        case ast.BinOp(left=left, right=right):
            between = text.encode()[left.end_col_offset : right.col_offset].decode()
            operator_text = between.strip(" ()")
            at = _place(text, left.end_col_offset or 0) + between.index(operator_text)
            raise ExpressionError(f"`{operator_text}` is not known; {_ALLOWED}", at)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, text, known, names)
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            pass
        case ast.Name(id=name) | ast.Constant(value=str(name)):
            if name in known:
                names[name] = None
            elif name in _FUNCTIONS:
                _refuse(node, text, f"`{name}` is a function: what it is of stands in brackets behind it")
            else:
                near = get_close_matches(name, known, n=3)
                hint = f"; near it {'is' if len(near) == 1 else 'are'}: {', '.join(near)}" if near else ""
                _refuse(node, text, f"these laps have no channel `{name}`{hint}")
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            _, fewest, most = _FUNCTIONS[name]
            if not fewest <= len(arguments) <= most:
                asked = str(fewest) if fewest == most else f"{fewest} to {most}"
                _refuse(node, text, f"`{name}` is of {asked}, not of {len(arguments)}")
            if name == "smooth":
                _check_metres(arguments[1], text)
            for argument in arguments:
                _check(argument, text, known, names)
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            _refuse(node, text, f"there is no function `{name}`; there are: {', '.join(_FUNCTIONS)}")
        case _:
            _refuse(node, text, f"`{ast.get_source_segment(text, node)}` is not known; {_ALLOWED}")


def _check_metres(node: ast.expr, text: str) -> None:
    match node:
        case ast.Constant(value=int() | float() as metres) if metres is not True and 0 < metres <= MOST_METRES:
            return
    _refuse(node, text, f"the metres of `smooth` are a number above 0, such as 20, and at most {MOST_METRES:,}")


def _refuse(node: ast.expr, text: str, said: str) -> NoReturn:
    raise ExpressionError(said, _place(text, node.col_offset))


def _place(text: str, byte: int) -> int:
    """Number of a character; Python's parser counts bytes."""
    return len(text.encode()[:byte].decode())


def _work_out(node: ast.expr, lap: _Lap) -> Values:
    """The value of what was checked."""
    match node:
        case ast.BinOp(left=left, op=operator, right=right):
            value: Values = _OPERATORS[type(operator)](_work_out(left, lap), _work_out(right, lap))
            return value
        case ast.UnaryOp(op=operator_before, operand=operand):
            value = _work_out(operand, lap)
            return -value if isinstance(operator_before, ast.USub) else value
        case ast.Constant(value=int() | float()):
            return np.full(len(lap.distance_m), float(node.value))  # type: ignore[arg-type]
        case ast.Name(id=name) | ast.Constant(value=str(name)):
            return lap.values[name]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name][0](lap, *(_work_out(argument, lap) for argument in arguments))
    raise AssertionError(ast.dump(node))  # `read` let something through
