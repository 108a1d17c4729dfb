"""YAML files as dbt reads them, and stricter: a key written twice is an error.

No complaint quotes a line of the file, because profiles.yml may hold secrets.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigError, Problem

if TYPE_CHECKING:
    import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_NODES = 50_000  # with aliases written out: a small file can stand for billions of values


def written(content: Any, width: int) -> str:
    """YAML text in the order given, lists indented as dbt's own style does; expressions quoted."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    def show(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        style = '"' if "{{" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, show)
    text: str = yaml.dump(content, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=width)
    return text


def read_yaml(path: Path) -> dict[str, Any]:
    """The file's mapping, {} when it is empty; raises ConfigError naming file and line."""
    import yaml

    try:
        loader = yaml.SafeLoader(_text(path))
        try:
            node = loader.get_single_node()
            if node is None:
                return {}
            _Inspection(path, loader).weigh(node, 0)
            content = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as e:
        raise _complaint("yaml-syntax", _safe_text(e), path, e.problem_mark) from e
    except yaml.YAMLError as e:
        raise _complaint("yaml-syntax", "is not YAML: it holds a control character", path) from e
    except (RecursionError, ValueError) as e:
        raise _complaint("yaml-syntax", "holds a value that can't be read", path) from e
    if not isinstance(content, dict):
        raise _complaint("yaml-syntax", "must be a mapping of keys to values", path)
    return content


def lines_of(path: Path) -> dict[tuple[str | int, ...], int]:
    """The line of each key and list entry of a file that `read_yaml` takes, by their path."""
    import yaml

    found: dict[tuple[str | int, ...], int] = {}
    node = yaml.compose(_text(path), yaml.SafeLoader)
    todo: list[tuple[tuple[str | int, ...], yaml.Node | None]] = [((), node)]
    while todo:
        at, node = todo.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found[(*at, key.value)] = key.start_mark.line + 1
                todo.append(((*at, key.value), value))
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                found[(*at, number)] = value.start_mark.line + 1
                todo.append(((*at, number), value))
    return found


def _safe_text(error: yaml.MarkedYAMLError) -> str:
    """The parser's words, without those that quote a value: an unquoted secret may start so."""
    from yaml.composer import ComposerError
    from yaml.constructor import ConstructorError

    problem = error.problem or "is not YAML"
    if isinstance(error, ComposerError):
        return "an alias that is defined nowhere; quote a value that starts with `*` or `&`"
    if isinstance(error, ConstructorError) or "tag" in problem:
        return "a tag or value that plain YAML does not have; quote a value that starts with `!`"
    return problem


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise _complaint("yaml-too-large", f"is larger than {MAX_BYTES:,} bytes", path)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise _complaint("yaml-syntax", "is not UTF-8", path) from e
    except OSError as e:
        raise _complaint("yaml-unreadable", f"can't be opened: {e.strerror}", path) from e


class _Inspection:
    """Walks the node graph before any value is made."""

    def __init__(self, path: Path, loader: yaml.SafeLoader) -> None:
        self._path, self._loader = path, loader
        self._sizes: dict[int, int] = {}

    def weigh(self, node: yaml.Node, depth: int) -> int:
        """How many nodes this stands for once aliases are written out."""
        import yaml

        if isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) in self._sizes:
            if not self._sizes[id(node)]:
                self._refuse("yaml-too-large", "an alias contains itself", node)
            return self._sizes[id(node)]
        if depth > MAX_DEPTH:
            self._refuse("yaml-too-large", f"values nest deeper than {MAX_DEPTH} levels", node)
        self._sizes[id(node)] = 0
        size = 1
        if isinstance(node, yaml.MappingNode):
            self._check_keys(node)
            size += sum(self.weigh(k, depth + 1) + self.weigh(v, depth + 1) for k, v in node.value)
        elif isinstance(node, yaml.SequenceNode):
            size += sum(self.weigh(v, depth + 1) for v in node.value)
        if size > MAX_NODES:
            self._refuse(
                "yaml-too-large", f"aliases stand for more than {MAX_NODES:,} values", node
            )
        self._sizes[id(node)] = size
        return size

    def _check_keys(self, node: yaml.MappingNode) -> None:
        import yaml

        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse("yaml-syntax", "a key must be a plain word", key_node)
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self._loader.construct_object(key_node)
            if key in seen:
                self._refuse(
                    "yaml-duplicate-key",
                    f"key `{key}` is written twice, first on line {seen[key]}",
                    key_node,
                )
            seen[key] = key_node.start_mark.line + 1

    def _refuse(self, code: str, text: str, node: yaml.Node) -> None:
        raise _complaint(code, text, self._path, node.start_mark)


def _complaint(
    code: str, text: str, path: Path, mark: yaml.error.Mark | None = None
) -> ConfigError:
    where = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
    return ConfigError(Problem(code, f"{path.name}: {text}", where=where, fix=f"edit {path.name}"))
