"""`undertow demo`: simulated funnels in real traffic, found and explained, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from undertow.cli.screen import note, progress, say
from undertow.errors import UndertowError, shown_name

BACKGROUND = Path("examples") / "collegemsg" / "collegemsg.parquet"


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(help="Equal seeds give equal worlds.")] = 1,
    background: Annotated[
        Path | None,
        typer.Option(
            help="Real events to plant funnels in. [examples/collegemsg of a checkout]"
        ),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Open the review desk with these cases in it.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the desk.")] = 8600,
) -> None:
    """Find simulated funnels in real traffic and write the report.

    Reads 59,835 private messages of a student community (2004), takes over some of their accounts
    for simulated recruiters and ten times as many honest look-alikes, detects, and shows the top.
    With --serve it opens the review desk on this machine and prints links by which two people come
    in: what restricts an account takes both of them.

    Example: undertow demo --serve
    """
    from undertow.cli.detect import load_playbooks, note_next, playbook_texts, show_ranking
    from undertow.cli.simulate_run import Paths, plant
    from undertow.pipeline import detect
    from undertow.request import Request
    from undertow.worlds.settings import Settings

    found = background or _example()
    if background is None:
        note("SIMULATED: the traffic is real (59,835 messages of a student community, 2004,")
        note("CC BY-SA, see examples/collegemsg/NOTICE.md); the funnels in it are made up,")
    else:
        note("SIMULATED: the traffic is yours; the funnels in it are made up,")
    note("every account is renamed, and all text is neutral filler.")
    out.mkdir(parents=True, exist_ok=True)
    world = out / "world.parquet"
    plant(Paths((found,), world, out / "truth.parquet"), Settings(seed=seed), None, None, None)
    with progress("reading the world", None, "events") as advance:
        request = Request((world,), out, load_playbooks(None), days=serve)
        result = detect(request, advance)
    show_ranking(result)
    note_next(result, out)
    note(f"who was planted: {shown_name(out / 'truth.parquet')}")
    # Last and alone on its line, for a click or a script.
    say(f"report: {shown_name(result.report)}")
    if serve:
        from undertow.cli.demo_serve import serve_demo

        serve_demo(request, playbook_texts(None), port)


def _example() -> Path:
    """Find the example traffic: beside the working folder, or in the checkout that runs this."""
    places = [Path.cwd() / BACKGROUND, Path(__file__).parents[3] / BACKGROUND]
    for place in places:
        if place.is_file():
            return place
    raise UndertowError(
        "the example traffic is not here: its licence keeps it out of the package",
        code="demo-no-example",
        mend="run `undertow demo` in a checkout of the repository, or name a file by --background",
    )
