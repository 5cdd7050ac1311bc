"""Arguments of public functions: their kinds are held against what the signature declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

import numpy as np

from kachisuji.accounts.economy import Economy
from kachisuji.words import KindError

P = ParamSpec("P")
T = TypeVar("T")

_BOOL = (bool, np.bool_)
# a declaration of anything else (Any, ArrayLike, Sequence …) is left to the function itself
_KINDS: dict[str, Callable[[Any], bool]] = {
    "None": lambda given: given is None,
    "bool": lambda given: isinstance(given, _BOOL),
    "int": lambda given: isinstance(given, Integral) and not isinstance(given, _BOOL),
    "float": lambda given: isinstance(given, Real) and not isinstance(given, _BOOL),
    "str": lambda given: isinstance(given, str),
    "Mapping": lambda given: _is_mapping(given),
    # the inner ones may be Series too
    "Mapping[str, Mapping[str, float]]": lambda given: (
        _is_mapping(given) and all(hasattr(part, "items") for part in given.values())
    ),
    "Sequence": lambda given: _is_sequence(given),
    "ArrayLike": lambda given: _holds_numbers(given),
    "pd.DataFrame": lambda given: hasattr(given, "columns") and hasattr(given, "index"),
    "Economy": lambda given: isinstance(given, Economy),
}


def checked(function: Callable[P, T]) -> Callable[P, T]:
    """Refuse arguments of another kind than a public function declares.

    A table, text, number, truth value or mapping that is none is answered with function, argument,
    kind and remedy: a :class:`~kachisuji.words.KindError`, before anything is worked out.
    """
    order = inspect.signature(function).parameters
    kinds = {name: _read(str(parameter.annotation)) for name, parameter in order.items()}

    @wraps(function)
    def asked(*args: P.args, **named: P.kwargs) -> T:
        for name, given in (dict(zip(order, args, strict=False)) | named).items():
            allowed = kinds.get(name)
            if allowed and not any(fits(given) for fits in allowed):
                wanted = str(order[name].annotation)
                raise KindError(
                    "accounts.no_table" if wanted == "Economy" else "accounts.argument_kind",
                    function=function.__name__,
                    name=name,
                    kind=_kind(given),
                    wanted=wanted,
                )
        return function(*args, **named)

    return asked


def _is_mapping(given: Any) -> bool:
    return isinstance(given, Mapping) and all(isinstance(label, str) for label in given)


def _is_sequence(given: Any) -> bool:
    """Whether it is a collection of labels, of whatever class (a tuple, an Index, an array)."""
    if isinstance(given, Mapping) or not hasattr(given, "__len__") or np.ndim(given) > 1:
        return False
    return all(isinstance(label, str) for label in given)


def _kind(given: Any) -> str:
    """Name the class, and a label that is no text where that is the fault."""
    name = type(given).__name__
    if not isinstance(given, Mapping) or _is_mapping(given):
        return name
    label = next(label for label in given if not isinstance(label, str))
    return f"{name} with the label {label!r}"


def _holds_numbers(given: Any) -> bool:
    try:
        return np.asarray(given).dtype.kind in "fiub"
    except ValueError:  # rows of different lengths
        return False


def _read(annotation: str) -> list[Callable[[Any], bool]]:
    """Return the tests of the kinds of an annotation; none where one of them is not known here."""
    depth, heads, part = 0, [], ""
    for letter in annotation:
        depth += (letter == "[") - (letter == "]")
        if letter == "|" and not depth:
            heads.append(part)
            part = ""
        else:
            part += letter
    every = [head.strip() for head in (*heads, part)]
    names = [head if head in _KINDS else head.split("[")[0] for head in every]
    return [_KINDS[name] for name in names] if all(name in _KINDS for name in names) else []
