"""`undertow serve`: the review desk in a browser."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from undertow.cli.screen import note, say
from undertow.errors import UndertowError, shown_name
from undertow.review.settings import Oidc, Settings


def serve(
    cases: Annotated[str, typer.Argument(help="Folder of the case store, or postgresql://…")],
    port: Annotated[int, typer.Option(help="Port.")] = 8600,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback need TLS.")
    ] = "127.0.0.1",
    name: Annotated[str, typer.Option(help="Host name in the address bar.")] = "localhost",
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    second_factor: Annotated[
        str | None,
        typer.Option(
            help="`required` or `optional`: a passkey for people who read texts. "
            "[required where other machines reach the desk]"
        ),
    ] = None,
    oidc: Annotated[
        Path | None, typer.Option(help="YAML of the identity provider (extra oidc).")
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Folder of events for back-tests of playbooks.")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="Serve counts for Prometheus at HOST:PORT of this machine."),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="Key file. [CASES.keys]")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="With PostgreSQL: folder of checkpoints and backups.")
    ] = None,
) -> None:
    """Serve the review desk of a case store to browsers.

    Listens on this machine alone unless told otherwise. The first start prints a link by which the
    first people are made: there is no default account. Speaks to no other host, but for the identity
    provider where one is given.

    Example: undertow serve cases
    """
    from undertow.cases.store import open_store

    settings = Settings(
        host=host,
        port=port,
        name=name,
        tls_cert=None if tls_cert is None else str(tls_cert),
        tls_key=None if tls_key is None else str(tls_key),
        oidc=None if oidc is None else _provider(oidc),
        events=None if events is None else str(events),
    )
    settings = _with_factor(settings, second_factor)
    address = None if metrics is None else _near(metrics)
    store = open_store(cases, keys=keys, folder=folder)
    try:
        run(store, settings, metrics=address)
    finally:
        store.close()


def run(
    store: Any,  # noqa: ANN401  # `cases.store.Store`, whose import would slow `--help`
    settings: Settings,
    visitors: tuple[tuple[str, str], ...] = (),
    *,
    metrics: tuple[str, int] | None = None,
) -> None:
    """Serve until interrupted; say where, with links for whoever has to come in.

    Args:
        store: the open case store.
        settings: how it is served.
        visitors: code and words of people who come in by a link alone; in a simulated store only.
        metrics: where counts are served, on this machine; None for nowhere.
    """
    from fastapi import FastAPI

    from undertow.exposed import HERE, Exposed, Metric
    from undertow.review.counts import PREFIX, numbers
    from undertow.review.safe_start import has_people
    from undertow.review.serving import serve as listen

    served: list[FastAPI] = []

    def counted() -> list[Metric]:
        return numbers(served[0])  # before the desk listens there is nothing to count: 503

    def ready(app: FastAPI) -> None:
        served.append(app)
        links, now, origin = app.state.links, app.state.clock(), settings.origin
        note("the desk is open; Ctrl-C closes it")
        if not has_people(store):
            note("nobody is here yet; this link, used once, makes the first people:")
            say(f"{origin}/start?token={links.make('first', now)}")
            return
        for reviewer, words in visitors:
            note(words)
            say(f"{origin}/enter?token={links.make('visit', now, reviewer)}")
        if not visitors:
            say(f"{origin}/")

    with ExitStack() as open_:
        if metrics is not None:
            near = Exposed(metrics, counted, prefix=PREFIX, hosts=HERE, code="serve-metrics")
            open_.callback(near.close)
            note(f"metrics: http://{metrics[0]}:{near.port}/metrics")
        listen(store, settings, ready)


def _near(given: str) -> tuple[str, int]:
    """Read where counts are served; another machine reads them by a tunnel or an agent of its own here."""
    from undertow.exposed import HERE, parse_address

    address = parse_address(given, "serve-metrics")
    if address[0] not in HERE:
        raise UndertowError(
            "counts of a desk are served on this machine alone",
            code="serve-metrics",
            mend="write 127.0.0.1:PORT, and let an agent on this machine pass them on",
        )
    return address


def _with_factor(settings: Settings, asked: str | None) -> Settings:
    if asked not in (None, "required", "optional"):
        raise UndertowError(
            "`--second-factor` is `required` or `optional`",
            code="serve-factor",
            mend="give one of the two",
        )
    needs = settings.public if asked is None else asked == "required"
    return msgspec.structs.replace(settings, second_factor=needs)


def _provider(path: Path) -> Oidc:
    import yaml

    try:
        return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Oidc)
    except OSError as fault:
        raise UndertowError(
            f"`{shown_name(path)}` cannot be read",
            code="serve-oidc-file",
            mend="check the path",
        ) from fault
    except (msgspec.ValidationError, yaml.YAMLError, UnicodeDecodeError) as fault:
        raise UndertowError(
            f"`{shown_name(path)}` does not describe an identity provider",
            code="serve-oidc-file",
            mend="give `issuer`, `client_id`, and where there is one `client_secret_file`",
        ) from fault
