"""Folders of `detect` made by hand, once per run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    """Load `make_folder.py` by its path: test folders are not packages."""
    path = Path(__file__).with_name("make_folder.py")
    spec = importlib.util.spec_from_file_location("make_folder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_folder"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """The builder of folders."""
    return _load()


@pytest.fixture(scope="session")
def simulated(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from a simulated world; read only."""
    return maker.make_folder(tmp_path_factory.mktemp("simulated"))


@pytest.fixture(scope="session")
def observed(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is not simulated; read only."""
    return maker.make_folder(tmp_path_factory.mktemp("observed"), simulated=False)
