"""Jinja in dbt_project.yml and profiles.yml by dbt's rules: `env_var`, `var`, four filters.

A value that is one expression keeps the type of the expression: `{{ env_var('N') | as_number }}`
is a number, `{{ env_var('N') }}` is text. Everything else is text.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sync.errors import ConfigError, Problem
from sync.project.functions import functions
from sync.project.suggest import nearest
from sync.project.variables import NONE

if TYPE_CHECKING:
    import jinja2


class Renderer:
    """Renders values of one file. Its errors name file and key, and never hold the value."""

    def __init__(
        self, file: str, environ: Mapping[str, str], variables: Mapping[str, Any] = NONE
    ) -> None:
        self._file, self._environ, self._variables = file, environ, variables

    def render(self, value: Any, key: str) -> Any:
        """Render text, or all text inside lists and mappings; `key` is the path for complaints."""
        if isinstance(value, Mapping):
            return {k: self.render(v, f"{key}.{k}") for k, v in value.items()}
        if isinstance(value, list):
            return [self.render(v, f"{key}[{i}]") for i, v in enumerate(value)]
        if isinstance(value, date):
            return value.isoformat()
        if not isinstance(value, str) or not any(mark in value for mark in ("{{", "{%", "{#")):
            return value
        try:
            return self._render_text(value)
        except _MissingVariable as e:
            raise self._missing(e.name, key) from None
        except _MissingVar as e:
            raise self._missing_var(e.name, key) from None
        except _WrongType as e:
            raise self._failed(f"is not a {e.wanted} as its filter asks", key) from None
        except Exception as e:  # noqa: BLE001  a template may raise whatever its expression raises
            raise self._failed(f"can't be rendered: {type(e).__name__}", key) from None

    def _render_text(self, value: str) -> Any:
        known = {"env_var": self._env_var, "var": _Var(self._variables)}
        template = _environment().from_string(value, globals=known)
        context = template.new_context({})
        return _join(template.root_render_func(context))

    def _env_var(self, name: str, default: str | None = None) -> str:
        found = self._environ.get(name, default)
        if found is None:
            raise _MissingVariable(name)
        return found

    def _missing(self, name: str, key: str) -> ConfigError:
        close = nearest(name, self._environ)
        return ConfigError(
            Problem(
                "env-missing",
                f"`{key}` needs the environment variable {name}, which is not set",
                where=f"{self._file}, {key}",
                hint=f"did you mean {close}?" if close else "",
                fix=f"export {name}=...",
            )
        )

    def _missing_var(self, name: str, key: str) -> ConfigError:
        close = nearest(name, self._variables)
        return ConfigError(
            Problem(
                "var-missing",
                f"`{key}` needs the var {name}, which is not given",
                where=f"{self._file}, {key}",
                hint=f"did you mean {close}?" if close else "",
                fix=f"give it as to dbt: --vars '{{{name}: ...}}', or DBT_VARS",
            )
        )

    def _failed(self, why: str, key: str) -> ConfigError:
        return ConfigError(
            Problem(
                "template-failed",
                f"the Jinja expression of `{key}` {why}",
                where=f"{self._file}, {key}",
                hint="known here: env_var(name, default), var(name, default), as_text, as_number,"
                f" as_bool, as_native, {', '.join(functions())}",
                fix=f"correct the expression in {self._file}",
            )
        )


class _MissingVariable(Exception):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class _MissingVar(Exception):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class _Var:
    """dbt's `var`: a value of `--vars`, the default, or an error."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def __call__(self, name: str, *default: Any) -> Any:
        if name not in self._variables and not default:
            raise _MissingVar(name)
        return self._variables.get(name, *default)

    def has_var(self, name: str) -> bool:
        return name in self._variables


class _WrongType(Exception):
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(wanted)


class _Native(str):
    __slots__ = ()


class _Bool(_Native):
    __slots__ = ()


class _Number(_Native):
    __slots__ = ()


@cache
def _environment() -> jinja2.Environment:
    from jinja2 import StrictUndefined
    from jinja2.nativetypes import NativeCodeGenerator
    from jinja2.sandbox import SandboxedEnvironment

    class Environment(SandboxedEnvironment):
        code_generator_class = NativeCodeGenerator

    environment = Environment(undefined=StrictUndefined)
    environment.globals |= functions()
    environment.filters |= {
        "as_text": str,
        "as_native": _Native,
        "as_bool": _Bool,
        "as_number": _Number,
    }
    return environment


def _join(parts: Iterable[Any]) -> Any:
    """One part keeps its type, several become text; a filter's wish is honoured or refused."""
    parts = iter(parts)
    head = list(islice(parts, 2))
    if not head:
        return ""
    if len(head) > 1:
        return "".join(str(part) for part in chain(head, parts))
    raw = head[0]
    if not isinstance(raw, _Native):
        from jinja2 import Undefined

        return str(raw) if isinstance(raw, Undefined) else raw  # str() of an undefined raises
    return _literal(raw)


def _literal(raw: _Native) -> Any:
    # dbt takes Python's spelling only; the shell's `true` is refused by it for no one's good.
    text = raw.strip().title() if isinstance(raw, _Bool) else str(raw)
    try:
        result = literal_eval(text)
    except (ValueError, SyntaxError, MemoryError):
        result = str(raw)
    if isinstance(raw, _Bool) and not isinstance(result, bool):
        raise _WrongType("boolean")
    if isinstance(raw, _Number) and (
        isinstance(result, bool) or not isinstance(result, int | float)
    ):
        raise _WrongType("number")
    return result
