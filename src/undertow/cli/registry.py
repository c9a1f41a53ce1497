"""Which commands there are, in a word each, and how one is loaded only when it is asked for.

`undertow --help` and shell completion read names and words from here and import no command: that
is what keeps them under 0.3 s. A command's own help and its run import its module.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from undertow.cli.plain_values import spare
from undertow.cli.screen import settings


@dataclass(frozen=True)
class Entry:
    """One command: its name, its module and what it does in a few words.

    The module holds `app`, or else something of the module's name: a function, or a `typer.Typer`
    with commands of its own.
    """

    name: str
    module: str
    help: str


COMMANDS: Final = (
    Entry("demo", "demo", "Find simulated funnels in real traffic."),
    Entry("import", "import_", "Turn what you hold into events."),
    Entry("signals", "signals", "Show what is seen per event."),
    Entry("personas", "personas", "Find accounts that are one actor."),
    Entry("detect", "detect", "Rank accounts by evidence."),
    Entry("watch", "watch", "Write alerts as events come."),
    Entry("explain", "explain", "Show an account's evidence."),
    Entry("simulate", "simulate", "Inject marked, simulated funnels."),
    Entry("evaluate", "evaluate", "Measure detection where the truth is known."),
    Entry("playbook", "playbook", "List, check, test, fit, promote playbooks."),
    Entry("backtest", "backtest", "Try a playbook on events that you hold."),
    Entry("export", "export", "Write a case into a file that may leave."),
    Entry("deliver", "deliver", "Tell your own system what people decided."),
    Entry("serve", "serve", "Open the review desk in a browser."),
    Entry("case", "case", "Look at cases; hold, erase, allow."),
    Entry("replay", "replay", "Make a case again from its events, and compare."),
    Entry("report", "report", "Count a month at the desk."),
    Entry("backup", "backup", "Write a case store into a file."),
    Entry("restore", "restore", "Make a case store of a backup."),
    Entry("audit", "audit", "Check and sign the audit log."),
    Entry("doctor", "doctor", "Check this machine and its set-up."),
)
_BY_NAME: Final = {entry.name: entry for entry in COMMANDS}
_EVERYWHERE: Final = {"-q": "quiet", "--quiet": "quiet", "--no-progress": "no_progress"}


Context = Any
"""Typer's context: a class of the click that it carries, whose path differs between versions."""


def load(entry: Entry) -> TyperCommand | TyperGroup:
    """Import one command and make it ready to run."""
    module = import_module(f"undertow.cli.{entry.module}")
    found = getattr(module, "app", None) or getattr(module, entry.module)
    if isinstance(found, typer.Typer):
        found.rich_markup_mode = None
        group = typer.main.get_group(found)
        for one in group.commands.values():
            spare(one)
        return group
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name=entry.name)(found)
    command = typer.main.get_command(single)
    if not isinstance(command, TyperCommand):
        raise TypeError(f"`{entry.name}` is no single command")
    spare(command)
    return command


class LateGroup(TyperGroup):
    """The root command: lists from the registry, loads what is called.

    While it lists (help, completion) it hands out stubs that know only their name and help.
    """

    _is_listing = False

    def list_commands(self, ctx: Context) -> list[str]:
        """Name the commands in the order in which a newcomer meets them."""
        del ctx
        return list(_BY_NAME)

    def get_command(self, ctx: Context, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """Give the command, or a stub while listing, or None for an unknown name."""
        del ctx
        entry = _BY_NAME.get(cmd_name)
        if entry is None:
            return None
        if self._is_listing:
            return TyperCommand(name=cmd_name, short_help=entry.help)
        return load(entry)

    def format_commands(self, ctx: Context, formatter: Any) -> None:  # noqa: ANN401  # as `Context`
        """Write names and words from the registry."""
        self._is_listing = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            self._is_listing = False

    def shell_complete(self, ctx: Context, incomplete: str) -> list[Any]:
        """Complete a command's name from the registry."""
        self._is_listing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._is_listing = False

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Take `--quiet` and `--no-progress` wherever they stand before a `--`."""
        end = args.index("--") if "--" in args else len(args)
        for name in (_EVERYWHERE[word] for word in args[:end] if word in _EVERYWHERE):
            setattr(settings, name, True)
        kept = [word for word in args[:end] if word not in _EVERYWHERE]
        spare(self)
        return super().parse_args(ctx, kept + args[end:])

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Any, list[str]]:
        """Find the command; for a misspelt one the fault names the nearest."""
        self.commands = dict.fromkeys(_BY_NAME, TyperCommand(name=None))
        return super().resolve_command(ctx, args)
