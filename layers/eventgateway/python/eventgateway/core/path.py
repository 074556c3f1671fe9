"""Path patterns: static segments, `:name` parameters and a last `*rest` wildcard.

A tree of segments answers "who has this path" in time that grows with the length of the path only. Patterns that could match the
same request differently are refused when they are added, so a request never has two answers and the order of adding never counts.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from eventgateway.core.errors import PathConflict

T = TypeVar("T")
Params = dict[str, str]


def segments(path: str) -> list[str]:
    """The parts between the slashes: `/a/` has two, `a` and an empty one."""
    return path.split("/")[1:]


@dataclass(slots=True)
class _Node(Generic[T]):
    value: T | None = None
    children: "dict[str, _Node[T]]" = field(default_factory=dict)
    dynamic: str = ""  # the one child that is a parameter or a wildcard

    def child(self, segment: str) -> "_Node[T] | None":
        return self.children.get(self.dynamic or segment)


class PathTree(Generic[T]):
    """Values by path pattern."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def __bool__(self) -> bool:
        return self._root.value is not None or bool(self._root.children)

    def add(self, path: str, value: T) -> None:
        """Add or replace the value of a pattern. Raises PathConflict and changes nothing."""
        self.check(path)
        node = self._root
        for segment in _pattern(path):
            node = self._grow(node, segment)
        node.value = value

    @staticmethod
    def _grow(node: _Node[T], segment: str) -> _Node[T]:
        if segment[:1] in (":", "*"):
            node.dynamic = segment
        return node.children.setdefault(segment, _Node())

    def check(self, path: str) -> None:
        """Raise PathConflict if the pattern cannot live beside those that are here."""
        node: _Node[T] | None = self._root
        *parents, last = _pattern(path) or [""]
        for segment in parents:
            node = self._descend(node, segment, path)
            if segment.startswith("*"):
                raise PathConflict("wildcard must be the last parameter")
        if path != "/" and not (node and node.dynamic == last):
            self._descend(node, last, path)

    @staticmethod
    def _descend(node: _Node[T] | None, segment: str, path: str) -> _Node[T] | None:
        """The child to go on with, if a further segment can follow or join those of `node`."""
        if node is None or not node.children:
            return None
        present, name = node.dynamic, node.dynamic[1:]
        if "*" in (segment[:1], present[:1]):
            raise PathConflict(f'wildcard with different name ("{name}") already defined: for route: {path}')
        if present and present != segment:
            raise PathConflict(f'parameter with different name ("{name}") already defined: for route: {path}')
        if segment.startswith(":") and not present:
            raise PathConflict(f"static route already defined for route: {path}")
        return node.children.get(segment)

    def remove(self, path: str) -> None:
        """Remove a pattern; longer ones below it stay. One that is not here is no error."""
        nodes = [self._root]
        pattern = _pattern(path)
        for segment in pattern:
            child = nodes[-1].children.get(segment)
            if child is None:
                return
            nodes.append(child)
        nodes[-1].value = None
        self._prune(nodes, pattern)

    @staticmethod
    def _prune(nodes: list[_Node[T]], pattern: list[str]) -> None:
        for parent, segment in zip(reversed(nodes[:-1]), reversed(pattern), strict=True):
            child = parent.children[segment]
            if child.value is not None or child.children:
                return
            del parent.children[segment]
            parent.dynamic = "" if parent.dynamic == segment else parent.dynamic

    def resolve(self, path: str) -> tuple[T, Params | None] | None:
        """The value whose pattern matches a path, and the parameters; these are None at `/`."""
        if path == "/":
            return None if self._root.value is None else (self._root.value, None)
        node, params, parts = self._root, {}, segments(path)
        for position, segment in enumerate(parts):
            child = node.child(segment)
            if child is None:
                return None
            dynamic = node.dynamic
            node = child
            if dynamic.startswith("*"):
                params[dynamic[1:]] = "/".join(parts[position:])
                break
            if dynamic:
                params[dynamic[1:]] = segment
        return None if node.value is None else (node.value, params)


def _pattern(path: str) -> list[str]:
    return [] if path == "/" else segments(path)
