# ruff: noqa: INP001  # a script that stands beside the pages it writes
"""Writes the reference pages that come from the code: events, commands and errors.

`make docs` runs it; a test fails while a page differs from what this would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer
from typer.core import TyperGroup

from undertow.cli.main import app
from undertow.cli.registry import COMMANDS, load
from undertow.events.source import CLASSES, PRECISIONS
from undertow.events.table import COLUMNS, REJECTS, VERSION

REFERENCE: Final = Path(__file__).parent / "reference"
_WRITTEN: Final = (
    "<!-- Written by `make docs`; change the code or the parts, not this page. -->"
)


def events() -> str:
    """Give the page of the event table."""
    rows = [
        f"| `{c.name}` | `{c.type}` | {'yes' if c.null else 'no'} | {c.says} |" for c in COLUMNS
    ]
    rejects = [f"| `{field.name}` | `{field.type}` |" for field in REJECTS]
    return f"""{_WRITTEN}

# The event table, version {VERSION}

One row per event and addressed account. Total order: (`published`, `id`, `target`), strings as UTF-8
bytes, null first. (`id`, `target`) is the key: reading a file twice changes nothing. Extra columns are
carried along untouched and cannot be selected on. Parquet, JSON Lines and CSV hold the same columns;
times in text are ISO 8601 with a zone.

| column | Arrow type | null | meaning |
| --- | --- | --- | --- |
{chr(10).join(rows)}

## Sources

A file says what it could show: Parquet in the metadata key `undertow.sources` (JSON), CSV and JSON
Lines in `FILE.source.yaml` beside them. A list, several entries per platform where types were visible
at different times:

```yaml
- platform: forum
  types: [message, reply, follow]   # what could be seen; left out: everything
  from: 2026-01-01T00:00:00Z        # or null
  until: null
  content: true                     # whether text is held
  precision: s                      # {" ".join(PRECISIONS)}
  class: direct                     # widest class held: {" ".join(CLASSES)}
  ground: null                      # the lawful ground under which direct messages are read
```

A step that its source could not show is *unknown*: it weighs nothing. Without a declaration everything
is taken as observable, with a warning. Direct messages are not read without a ground, here or as
`--ground TEXT`.

## Rows set aside

A faulty row is set aside with its place and a reason, never with its content: `rejects.parquet`.

| column | Arrow type |
| --- | --- |
{chr(10).join(rejects)}
"""


def commands() -> str:
    """Give the page of the command line: every command's own help."""
    parts = [_WRITTEN, "", "# Commands", ""]
    root = typer.main.get_command(app)
    parts += ["## undertow", "", "```text", _help(root, None, "undertow"), "```"]
    for entry in COMMANDS:
        for name, text in _helps(load(entry), f"undertow {entry.name}"):
            parts += ["", f"## {name}", "", "```text", text, "```"]
    return "\n".join(parts) + "\n"


def _help(command: object, parent: typer.Context | None, name: str) -> str:
    context = typer.Context(command, parent=parent, info_name=name, terminal_width=80)  # type: ignore[arg-type]  # any command of typer's
    return "\n".join(line.rstrip() for line in context.command.get_help(context).splitlines())


def _helps(command: object, name: str) -> Iterator[tuple[str, str]]:
    yield name, _help(command, None, name)
    if isinstance(command, TyperGroup):
        for word, inner in command.commands.items():
            yield from _helps(inner, f"{name} {word}")


def errors() -> str:
    """Give the page of the error codes: the parts' sections, by code."""
    sections: dict[str, str] = {}
    for part in sorted((REFERENCE / "errors.d").glob("*.md")):
        pieces = re.split(
            r"^### +`?([a-z0-9-]+)`?\s*$", part.read_text("utf-8"), flags=re.MULTILINE
        )
        for code, text in zip(pieces[1::2], pieces[2::2], strict=True):
            if code in sections and sections[code] != text.strip():
                raise ValueError(f"`{code}` is explained twice: the second time in {part.name}")
            sections[code] = text.strip()
    body = "\n\n".join(f"### {code}\n\n{sections[code]}" for code in sorted(sections))
    return f"""{_WRITTEN}

# Errors

Every fault says what, where and how to mend it, with a code in brackets that is never renamed. Exit
codes: 0 done, 1 our fault, 2 yours, 3 input partly refused; 130 interrupted, 141 the reader of the
output has gone.

{body}
"""


def pages() -> dict[Path, str]:
    """Give every generated page with its path."""
    return {
        REFERENCE / "events.md": events(),
        REFERENCE / "commands.md": commands(),
        REFERENCE / "errors.md": errors(),
    }


def write() -> None:
    """Write the pages that changed."""
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
