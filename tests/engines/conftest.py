"""Lets the tests of this folder import helpers of other tests, and starts Spark once for all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from undertow.engines.spark import Spark, session

TESTS = Path(__file__).parent.parent
for folder in ("matches", "pipeline", "engines"):
    sys.path.insert(0, str(TESTS / folder))
sys.path.append(str(TESTS.parent / "bench"))


@pytest.fixture(scope="session")
def spark() -> Iterator[Spark]:
    """Two cores of this machine, with as little memory as it starts with."""
    pytest.importorskip("pyspark", reason="the extra undertow[spark] is absent: `make spark`")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed (Debian package default-jre-headless)")
    kept = dict(os.environ)
    with session("local[2]", 1 << 30, 1 << 30, {}) as running:
        yield running
    os.environ.clear()
    os.environ.update(kept)
