"""Every regular expression of the program: those that its modules hold and those within functions."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import papercards

_CALLS = frozenset(("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"))
_NO_MODULES = frozenset(
    ("papercards.__main__", "papercards.sources.full_text.pdf.child", "papercards.sources.files.sheet_child")
)


@dataclass(frozen=True)
class Found:
    """A pattern, where it is, and the methods that are called on it; none known: any."""

    where: str
    pattern: "re.Pattern[Any]"
    methods: frozenset[str]


def modules() -> Iterator[ModuleType]:
    """All modules of the program and of its evaluation."""
    for one in pkgutil.walk_packages(papercards.__path__, "papercards."):
        if one.name not in _NO_MODULES:
            yield importlib.import_module(one.name)


def every_pattern() -> tuple[list[Found], list[str]]:
    """Each pattern once, and the places of those that are made of what is known only when they are used."""
    found: dict[tuple[Any, int], Found] = {}
    unknown: list[str] = []
    for module in modules():
        if not module.__file__:
            continue
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        used = _used(tree)
        for name, value in vars(module).items():
            for path, pattern in _within(value, name, 0):
                key = pattern.pattern, pattern.flags
                methods = used.get(name, frozenset()) if path == name else frozenset()
                if key in found:
                    methods = _both(methods, found[key].methods)
                found[key] = Found(f"{module.__name__}.{path}", pattern, methods)
        for line, call in _calls(tree):
            where = f"{module.__name__}:{line}"
            try:
                pattern = _evaluated(call, module)
            except Exception:
                unknown.append(where)
                continue
            name = call.func.attr  # type: ignore[attr-defined]
            methods = frozenset() if name == "compile" else frozenset((name,))
            key = pattern.pattern, pattern.flags
            if name == "compile" and key in found:
                continue
            if key in found:
                methods = _both(methods, found[key].methods)
            found[key] = Found(where, pattern, methods)
    return list(found.values()), unknown


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return one | other if one and other else frozenset()


def _used(tree: ast.AST) -> dict[str, frozenset[str]]:
    """For each name, the methods that are called on it; none at all where it is also used in other ways."""
    methods: dict[str, set[str]] = {}
    called: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            inner = node.func.value
            if isinstance(inner, ast.Name):
                methods.setdefault(inner.id, set()).add(node.func.attr)
                called.add(id(inner))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            methods.pop(node.id, None)
    return {name: frozenset(some) for name, some in methods.items()}


def _within(value: object, path: str, depth: int) -> Iterator[tuple[str, "re.Pattern[Any]"]]:
    if isinstance(value, re.Pattern):
        yield path, value
    elif depth < 4 and isinstance(value, (tuple, list, set, frozenset)):
        for number, one in enumerate(value):
            yield from _within(one, f"{path}[{number}]", depth + 1)
    elif depth < 4 and isinstance(value, dict):
        for key, one in value.items():
            yield from _within(one, f"{path}[{key!r}]", depth + 1)
    elif is_dataclass(value) and not isinstance(value, type) and depth < 4:
        for field in fields(value):
            yield from _within(getattr(value, field.name, None), f"{path}.{field.name}", depth + 1)
    elif isinstance(value, type) and value.__module__.startswith("papercards") and depth < 1:
        for name, one in vars(value).items():
            yield from _within(one, f"{path}.{name}", depth + 1)


def _calls(tree: ast.AST) -> Iterator[tuple[int, ast.Call]]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in ("re", "regex")
            and node.func.attr in _CALLS
            and node.args
        ):
            yield node.lineno, node


def _evaluated(call: ast.Call, module: ModuleType) -> "re.Pattern[Any]":
    def value(node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "<pattern>", "eval"), vars(module))

    given = value(call.args[0])
    at = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(call.func.attr, 2)  # type: ignore[attr-defined]
    flags = [value(one.value) for one in call.keywords if one.arg == "flags"]
    flags += [value(one) for one in call.args[at : at + 1]]
    if isinstance(given, re.Pattern):
        return given
    return re.compile(given, *flags[:1])
