"""What every test stands on: a key of its own, and a command line that runs in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import pytest

from undertow.cli.main import main
from undertow.cli.screen import Settings, settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def _key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("key") / "pseudonym.key"


@pytest.fixture(autouse=True)
def _own_key(_key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the pseudonym key of whoever runs them."""
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(_key_file))


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    """Keep `--quiet` of one test away from the next."""
    yield
    settings.quiet, settings.no_progress = astuple(Settings())


@pytest.fixture
def root() -> Path:
    """The repository's folder."""
    return ROOT


@dataclass(frozen=True)
class Ran:
    """What one command line left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def undertow(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run `undertow ARGS...` in this process."""

    def run(*args: object) -> Ran:
        settings.quiet, settings.no_progress = astuple(Settings())
        capsys.readouterr()
        try:
            code = main([str(arg) for arg in args])
        finally:
            settings.quiet, settings.no_progress = astuple(Settings())
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return run
