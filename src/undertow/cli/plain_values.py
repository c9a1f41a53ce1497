"""Values of options that need no look: what was not given, and texts and paths as they stand.

Typer checks every value of every option by pydantic, also where nobody gave one; to import it and to make its
checks takes a tenth of a second.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLAIN: Final[dict[Any, Callable[[str], Any]]] = {str: str, Path: Path}
"""What a text becomes, by the type that is asked for."""
LISTS: Final[dict[Any, Any]] = {list[str]: str, list[Path]: Path}
ASKS: Final = ("exists", "writable", "resolve_path", "allow_dash", "parser", "click_type")
"""Settings of an option that ask for more than its type."""
KINDS: Final = ("file_okay", "dir_okay")


@dataclass(frozen=True)
class PlainValue:
    """Turns a value into what a command is given, by typer's own means where it is not plain.

    Attributes:
        made: gives typer's own way; only asked for it is made.
    """

    made: Callable[[], Any]

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401  # typer's own protocol
        """Give the value for a command; arguments and faults as of typer's `RuntimeParam`."""
        many = param.multiple or param.nargs == -1
        if value is None:
            return () if many else None
        asked = param.type_descriptor
        if not _asks_more(asked.parameter_info):
            if many and asked.annotation in LISTS and not isinstance(value, str):
                kind = LISTS[asked.annotation]
                if all(_is_plain(one, kind) for one in value):
                    return [PLAIN[kind](one) for one in value]
            elif not many and asked.annotation in PLAIN and _is_plain(value, asked.annotation):
                return PLAIN[asked.annotation](value)
            elif not many and _is_default(value, param, asked.annotation):
                return value
        return self.made().coerce(value, param=param, ctx=ctx)


def _is_plain(value: Any, kind: Any) -> bool:  # noqa: ANN401  # whatever stands on a command line
    """Say whether typer would take a text as it stands: of paths it asks that what is there can be read."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return kind is not Path or not Path(value).exists() or os.access(value, os.R_OK)


def _is_default(value: Any, param: Any, kind: Any) -> bool:  # noqa: ANN401  # as above
    return isinstance(kind, type) and isinstance(value, kind) and value == param.default


def _asks_more(info: Any) -> bool:  # noqa: ANN401  # typer's own class
    return any(getattr(info, name, None) for name in ASKS) or not all(
        getattr(info, name, True) for name in KINDS
    )


def spare(command: Any) -> None:  # noqa: ANN401  # typer's own class
    """Let the parameters of a command, `--help` among them, take plain values as they stand."""
    for one in command.params:
        _spare(one)
    usual = command.get_help_option
    command.get_help_option = lambda ctx: _spare(usual(ctx))


def _spare(parameter: Any) -> Any:  # noqa: ANN401  # as above
    if hasattr(parameter, "get_runtime_param"):
        value = PlainValue(parameter.get_runtime_param)
        parameter.get_runtime_param = lambda: value
    return parameter
