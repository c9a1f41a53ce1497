"""`undertow doctor` finds what is amiss, says how to mend it, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from undertow.cli import doctor


def test_a_sound_machine_passes(undertow: Callable) -> None:
    ran = undertow("doctor", "--format", "json")
    assert ran.code == 0
    findings = {row["check"]: row for row in json.loads(ran.out)}
    assert findings["numba"]["state"] == "ok"
    assert {"python", "disk", "memory", "pseudonym key", "terminal"} <= set(findings)


def test_too_old_a_library_fails_with_its_mend(
    undertow: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: "1.9" if name == "numpy" else real(name)
    )
    monkeypatch.setattr(metadata, "requires", lambda _: ["numpy>=2.1", "pyarrow>=21"])
    ran = undertow("doctor", "--format", "csv")
    assert ran.code == 2
    assert "numpy,fail,1.9,install numpy 2.1 or newer\n" in ran.out
    assert "1 to mend" in ran.err


def test_a_missing_extra_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(
        metadata, "requires", lambda _: ["psycopg[binary]>=3.2; extra == 'postgres'"]
    )
    assert [one.state for one in doctor.examine() if one.check == "psycopg"] == ["warn"]


def key_finding() -> doctor.Finding:
    return next(one for one in doctor.examine() if one.check == "pseudonym key")


def test_the_key_is_looked_at_but_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    monkeypatch.setenv("UNDERTOW_KEY_FILE", str(key))
    assert key_finding().state == "ok"
    assert not key.exists()
    key.write_bytes(b"k" * 32)
    key.chmod(0o644)
    assert key_finding().state == "warn"
    key.chmod(0o600)
    assert key_finding().state == "ok"
    key.write_bytes(b"short")
    assert key_finding().state == "fail"
    assert str(tmp_path) not in str(key_finding())
