"""The sentence a playbook gives the reviewer: which placeholders it may hold."""

from __future__ import annotations

from string import Formatter
from typing import Final

from undertow.errors import nearest
from undertow.playbooks.grammar import Playbook
from undertow.playbooks.page import Page, shown

MEASURES: Final = ("at", "elapsed", "count", "days")
"""What can be said of a step: its time, the time since the step before, events and dates seen."""


def check_reason(playbook: Playbook, page: Page) -> None:
    """Hold that each placeholder of `reason` is `{role}` or `{step.measure}`."""
    if page.blamed("reason") or page.blamed_itself("roles") or page.blamed_itself("steps"):
        return
    try:
        parts = [part[1:] for part in Formatter().parse(playbook.reason)]
    except ValueError:
        what, mend = "`reason` has a brace without its partner", "write `{{` for a plain brace"
        page.fault(("reason",), what, code="playbook-bad-reason", mend=mend)
        return
    roles = [role.name for role in playbook.roles]
    fields = [f"{step.name}.{measure}" for step in playbook.steps for measure in MEASURES]
    for name, spec, conversion in parts:
        plain = not spec and conversion is None
        if name is None or (plain and name in (*roles, *fields)):
            continue
        near = nearest(name, [*roles, *fields])
        listed = "one of " + ", ".join(f"`{{STEP.{measure}}}`" for measure in MEASURES)
        mend = f"write `{{{near}}}`" if near else f"write `{{ROLE}}` or {listed}"
        what = f"`reason` cannot say `{{{shown(name)}}}`"
        if name in (*roles, *fields):
            what = f"`{{{name}}}` of `reason` takes no format"
        page.fault(("reason",), what, code="playbook-bad-reason", mend=mend)
