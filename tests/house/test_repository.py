"""What leaves this repository: pages, requirements, a wheel, and nobody's own paths."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
import zipfile
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from undertow import __version__
from undertow.cli.registry import COMMANDS

ROOT = Path(__file__).parent.parent.parent
OWN_PATHS = re.compile(r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)/")
# Written apart, so that this file passes its own test.
HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "deb.debian" + ".org")


@cache
def tracked() -> tuple[Path, ...]:
    """Name the files that are, or would be, committed."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
    if said.returncode:
        pytest.skip("no git repository: a source archive")
    return tuple(ROOT / name for name in said.stdout.decode().split("\0") if name)


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_file_tells_where_it_was_made() -> None:
    faults = []
    for path in tracked():
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" in content[:8192]:
            continue
        text = content.decode("utf-8", "replace")
        if OWN_PATHS.search(text) or any(host in text for host in HOSTS):
            faults.append(path.relative_to(ROOT).as_posix())
    assert not faults


@pytest.mark.parametrize("page", ["events", "commands", "errors"])
def test_a_generated_page_is_what_the_code_says(page: str) -> None:
    made = getattr(generator(), page)()
    held = (ROOT / f"docs/reference/{page}.md").read_text("utf-8")
    assert held == made, "run `make docs`"


def test_an_error_code_explained_in_two_ways_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = generator()
    (tmp_path / "errors.d").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"errors.d/{name}.md").write_text(f"### row-faulty\n\nSays {name}.\n")
    monkeypatch.setattr(module, "REFERENCE", tmp_path)
    with pytest.raises(ValueError, match="`row-faulty` is explained twice"):
        module.errors()


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    wheel = next(iter(WheelBuilder(str(ROOT)).build(directory=str(tmp_path))))
    names = zipfile.ZipFile(wheel).namelist()
    info = f"undertow-{__version__}.dist-info/"
    strange = [name for name in names if not name.startswith(("undertow/", info))]
    assert not strange
    assert f"{info}licenses/LICENSE" in names
    assert not [name for name in names if "collegemsg" in name]
    carried = [path for path in tracked() if (ROOT / "src") in path.parents and path.is_file()]
    missing = [path for path in carried if str(path.relative_to(ROOT / "src")) not in names]
    assert not missing


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == __version__


def test_every_requirement_is_pinned_with_hashes() -> None:
    for name in ("run", "dev", "spark", "spark-build"):
        text = (ROOT / f"requirements/{name}.txt").read_text("utf-8")
        for entry in re.sub(r"\\\n", " ", text).splitlines():
            assert re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:", entry), entry[:60]


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    reasons = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8")
    pinned = "".join(
        (ROOT / f"requirements/{name}.txt").read_text("utf-8") for name in ("dev", "spark")
    )
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for line in [*project["dependencies"], *extras]:
        name = re.match(r"[A-Za-z0-9_-]+", line)
        assert name is not None
        assert f"`{name[0]}`" in reasons, f"{name[0]} has no reason in 0002-dependencies.md"
        assert re.search(rf"^{name[0]}==", pinned, re.MULTILINE), f"{name[0]}: run `make lock`"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/index.md"])
def test_a_page_names_only_commands_that_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    targets = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    assert set(re.findall(r"\bmake ([a-z]+)", "\n".join(code(text)))) <= targets
    known = {entry.name for entry in COMMANDS}
    assert set(re.findall(r"\bundertow ([a-z]+)", "\n".join(code(text)))) <= known


def code(text: str) -> list[str]:
    """Give what a Markdown page sets as code."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def test_a_link_between_pages_leads_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {goal}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for goal in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        if "://" not in goal and not (page.parent / goal).exists()
    ]
    assert not dead
