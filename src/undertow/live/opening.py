"""From what stands on the command line to a source, its declarations and the rules of the run."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from undertow.errors import Place, UndertowError, shown_name
from undertow.events.pseudonyms import Pseudonyms
from undertow.events.source import Source as Declared
from undertow.events.source import source_from_dict, sources_beside
from undertow.live.jetstream import JetStream
from undertow.live.jetstream import parse_address as parse_stream
from undertow.live.personas import hold_across, personas_of
from undertow.live.sources import SUFFIXES, Folder, Followed, Source, Stream
from undertow.playbooks.grammar import Playbook

_SCHEME = re.compile(r"(nats|tls)://")


def is_stream(given: str) -> bool:
    """Say whether a source is a stream of NATS."""
    return _SCHEME.match(given) is not None


def open_source(given: str, *, once: bool) -> Source:
    """Open what is named: `-`, a file, a folder, or `nats://…`.

    Raises:
        UndertowError: `watch-source` or `file-missing`.
    """
    if is_stream(given):
        return JetStream(parse_stream(given), once=once)
    if given == "-":
        return Stream()
    path = Path(given)
    if path.is_dir():
        return Folder(path, once=once)
    if not path.name.endswith(SUFFIXES):
        raise UndertowError(
            "only JSON Lines can be watched",
            code="watch-source",
            place=Place(shown_name(path)),
            mend="name a file that ends in .jsonl or .ndjson, a folder of such files, or `-`",
        )
    if (once and not path.is_file()) or not path.parent.is_dir():
        raise UndertowError(
            "the file is not there",
            code="file-missing",
            place=Place(shown_name(path)),
            mend="check the path",
        )
    return Followed(path, once=once)


def declared_for(given: str, sidecar: Path | None) -> tuple[Declared, ...]:
    """Read what could be seen: from a file that is named, else from beside the events.

    Raises:
        UndertowError: `source-invalid` or `file-missing`.
    """
    if sidecar is not None:
        return _read(sidecar)
    if given == "-" or is_stream(given):
        return ()
    path = Path(given)
    files = (
        sorted(p for p in path.iterdir() if p.name.endswith(SUFFIXES))
        if path.is_dir()
        else [path]
    )
    return tuple(dict.fromkeys(source for file in files for source in sources_beside(file)))


def _read(path: Path) -> tuple[Declared, ...]:
    place = Place(shown_name(path))
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise UndertowError(
            "the file is not there", code="file-missing", place=place, mend="check the path"
        ) from None
    except UnicodeDecodeError:
        text = "\0"
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        raise UndertowError(
            "the sources are not YAML",
            code="source-invalid",
            place=place,
            mend="see `docs/reference/events.md`",
        ) from None
    if isinstance(found, dict) and "sources" in found:
        found = found["sources"]
    return tuple(
        source_from_dict(one, place) for one in (found if isinstance(found, list) else [found])
    )


def hold_playbooks(playbooks: tuple[Playbook, ...]) -> None:
    """Refuse playbooks that ask for what only the future tells.

    Raises:
        UndertowError: `watch-playbook`.
    """
    for playbook in playbooks:
        if any("answered" in step.has for step in playbook.steps):
            raise UndertowError(
                f"the playbook `{playbook.name}` asks which messages were answered later",
                code="watch-playbook",
                mend="leave it to `undertow detect`, or ask for the answer as a step of its own",
            )


def held_personas(
    path: Path | None, playbooks: tuple[Playbook, ...]
) -> tuple[tuple[str, ...], ...] | None:
    """Read which accounts are held to be one actor; None where no file is named.

    Raises:
        UndertowError: as `personas_of`; `watch-personas` for playbooks that ask too much of a stream.
    """
    if path is None:
        return None
    hold_across(playbooks)
    return personas_of(path, Pseudonyms.default())
