"""The grammar's page explains every key, and its playbook has no fault."""

from __future__ import annotations

import re
from pathlib import Path

from undertow.playbooks.keys import PLAYBOOK, ROLE, STEP
from undertow.playbooks.parse import parse

PAGE = (Path(__file__).parents[2] / "docs/reference/playbooks.md").read_text(encoding="utf-8")


def test_every_key_has_its_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))

    assert rows == {key.name for table in (PLAYBOOK, ROLE, STEP) for key in table.keys}


def test_the_playbook_on_the_page_has_no_fault() -> None:
    text = PAGE.split("```yaml\n")[1].split("```")[0]

    assert parse(text.encode()).key == ("recruiter", "target")
