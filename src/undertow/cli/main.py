"""The way in: `undertow COMMAND`, and what becomes of every fault on the way out.

Exit codes: 0 done, 1 our fault, 2 yours, 3 input partly refused, 130 interrupted, 141 when the
reader of our output has gone. A bad input never shows a traceback.
"""

from __future__ import annotations

import gc
import io
import os
import sys
import traceback
from typing import Annotated, Final

import typer

from undertow import __version__
from undertow.cli.registry import LateGroup
from undertow.cli.screen import complain, say
from undertow.errors import OUR_FAULT, UndertowError, shown_name

INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
TRACE: Final = "UNDERTOW_TRACE"
"""Environment variable: `1` prints the whole traceback of our own faults."""

SEEN_AGAIN: Final = 1_000_000
"""New objects after which Python looks for rings of them. With its own 700 a start looks through what it imports again and
again, which takes a twentieth of it, and a run of millions, which makes no rings, as well."""

app = typer.Typer(
    cls=LateGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(asked: bool) -> None:
    if asked:
        say(f"undertow {__version__}")
        raise typer.Exit


@app.callback()
def undertow(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only results, warnings and faults.")
    ] = False,
    no_progress: Annotated[
        bool, typer.Option("--no-progress", help="No progress bars.")
    ] = False,
) -> None:
    """Find recruitment funnels in events that you lawfully hold, with the evidence for each.

    Undertow ranks and explains; people decide. --quiet and --no-progress may stand anywhere;
    NO_COLOR is honoured. Exit codes: 0 done, 1 our fault, 2 yours, 3 input partly refused.
    """
    del version, quiet, no_progress  # the first acts by itself, the others in `LateGroup`


def run() -> None:
    """Run the command line and leave with its exit code: the entry point `undertow`."""
    gc.set_threshold(SEEN_AGAIN)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))


def main(args: list[str]) -> int:
    """Run one command line, write its fault if it has one, and give its exit code."""
    if len(args) == 2 and args[0] in ("--show-completion", "--install-completion"):
        # Typer guesses the shell unless this is set; whoever names one wants that one.
        os.environ.setdefault("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    code = 0
    try:
        typer.main.get_command(app).main(args=args, prog_name="undertow")
    except SystemExit as leaving:
        code = _code(leaving)
    except BrokenPipeError:
        code = PIPE_CLOSED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as fault:  # noqa: BLE001  # the last door: nobody meets a traceback
        shown = _as_ours(fault)
        complain(str(shown))
        code = shown.exit_code
    if code == INTERRUPTED:
        complain("interrupted")
    return _flushed(code)


def _code(leaving: SystemExit) -> int:
    """Read the exit code that typer left with; it gives broken pipes a code of their own."""
    if isinstance(leaving.__context__, BrokenPipeError):
        return PIPE_CLOSED
    return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)


def _flushed(code: int) -> int:
    """Write what is left; where that fails, send it nowhere, so that Python's exit stays quiet."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    except OSError as fault:
        shown = _refused(fault)
        complain(str(shown))
        code = shown.exit_code
    else:
        return code
    if sys.__stdout__ is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
    return code


def _as_ours(fault: Exception) -> UndertowError:
    """Turn any fault into one with a code, a mend and an exit code."""
    if isinstance(fault, UndertowError):
        return fault
    if isinstance(fault, OSError):
        return _refused(fault)
    return _internal(fault)


def _refused(fault: OSError) -> UndertowError:
    name = fault.filename if isinstance(fault.filename, str) else None
    where = "" if name is None else f" at `{shown_name(name)}`"
    what = f"the system refused{where}: {(fault.strerror or type(fault).__name__).lower()}"
    return UndertowError(
        what, code="system-refused", mend="check the path, its rights, the disk"
    )


def _internal(fault: Exception) -> UndertowError:
    """Say which line of ours failed, without the fault's own text: that may hold data."""
    if os.environ.get(TRACE) == "1":
        traceback.print_exception(fault)
    frames = [
        (frame.f_globals.get("__name__", "?"), line)
        for frame, line in traceback.walk_tb(fault.__traceback__)
    ]
    ours = [(name, line) for name, line in frames if str(name).startswith("undertow")]
    module, line = (ours or frames or [("?", 0)])[-1]
    return UndertowError(
        f"this is our fault: {type(fault).__name__} at {module}:{line}",
        code="internal",
        mend=f"set {TRACE}=1 to see more, take private data out, and report it (SECURITY.md)",
        exit_code=OUR_FAULT,
    )


if __name__ == "__main__":
    run()
