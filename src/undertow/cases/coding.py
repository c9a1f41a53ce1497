"""An output folder of `detect` with every name turned into a code of the store.

Enters: names of accounts, pseudonyms of targets, ids of events and names of campaigns. Leaves: the same
tables in codes, cut down to some accounts, so that whatever is said about them names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from undertow.cases.vault import Vault
from undertow.events.pseudonyms import Pseudonyms
from undertow.export.folder import Funnel, Results

TARGET: Final = re.compile(r"t:[a-z2-7]{16}")
"""A target's pseudonym as the detector writes it."""


class Coder:
    """Turns the names of one folder into codes, and remembers whose they are.

    Args:
        vault: of the store.
        native: whether the folder names targets by their native ids.

    Attributes:
        natives: code to native id, of accounts and of targets as far as the folder names them.
    """

    def __init__(self, vault: Vault, *, native: bool = False) -> None:
        self._vault = vault
        self._pseudonyms = Pseudonyms.default() if native else None
        self._known: dict[tuple[str, str], str] = {}
        self.natives: dict[str, str] = {}

    def account(self, name: str) -> str:
        """Give the code of an account; a target's pseudonym gets a target's code."""
        if TARGET.fullmatch(name):
            return self.target(name)
        code = self._code("a", name)
        self.natives[code] = name
        return code

    def target(self, shown: str) -> str:
        """Give the code of a target by what the folder shows of it."""
        if self._pseudonyms is None or TARGET.fullmatch(shown):
            return self._code("t", shown)
        code = self._code("t", self._pseudonyms.of(shown))
        self.natives[code] = shown
        return code

    def event(self, shown: str) -> str:
        """Give the code of an event."""
        return self._code("e", shown)

    def campaign(self, name: str) -> str:
        """Give the code of a campaign by its name."""
        return self._code("c", name)

    def actor(self, name: str, target: str) -> str:
        """Give the code of who took a step of a funnel with a target."""
        return self.target(name) if name == target else self.account(name)

    def group(self, name: str) -> str:
        """Give the code of a room."""
        return self._code("g", name)

    def _code(self, kind: Any, name: str) -> str:  # noqa: ANN401  # one of `vault.Kind`
        found = self._known.get((kind, name))
        if found is None:
            found = self._known[kind, name] = self._vault.code(kind, name)
        return found


def coded(results: Results, accounts: Iterable[str], coder: Coder) -> Results:
    """Give the part of a folder that is about some accounts, in codes.

    Args:
        results: the folder.
        accounts: native ids, as in its ranking.
        coder: makes the codes.
    """
    names = list(dict.fromkeys(accounts))
    wanted = pa.array(names, pa.string())
    ranked = results.accounts.filter(pc.is_in(results.accounts["account"], value_set=wanted))
    held = {name for name in ranked["campaign"].to_pylist() if name} if _has(ranked) else set()
    return replace(
        results,
        accounts=_ranked(ranked, coder),
        evidence=_evidence(results, wanted, coder),
        funnels=_funnels(results, names, coder),
        rejects=None,
        campaigns=_campaigns(results, held, coder),
        rooms=None,
        personas=_personas(results, set(names), coder),
    )


def _has(ranked: pa.Table) -> bool:
    return "campaign" in ranked.column_names


def _ranked(ranked: pa.Table, coder: Coder) -> pa.Table:
    rows = ranked.to_pylist()
    for row in rows:
        row["account"] = coder.account(row["account"])
        if row.get("campaign"):
            row["campaign"] = coder.campaign(row["campaign"])
    return pa.Table.from_pylist(rows, ranked.schema.remove_metadata())


def _evidence(results: Results, wanted: pa.Array, coder: Coder) -> pa.Table:
    table = results.evidence.filter(pc.is_in(results.evidence["account"], value_set=wanted))
    rows = table.to_pylist()
    for row in rows:
        row["account"] = coder.account(row["account"])
        row["target"] = None if row["target"] is None else coder.target(row["target"])
        row["event"] = None if row["event"] is None else coder.event(row["event"])
    return pa.Table.from_pylist(rows, table.schema.remove_metadata())


def _funnels(results: Results, names: list[str], coder: Coder) -> pa.Table:
    schema = results.funnels.schema.remove_metadata()
    rows = [_funnel(one, coder) for one in results.funnels_of(names)]
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in schema.names} for row in rows], schema
    )


def _funnel(one: Funnel, coder: Coder) -> dict[str, Any]:
    return {
        "recruiter": coder.account(one.recruiter),
        "target": coder.target(one.target),
        "playbook": one.playbook,
        "step": one.step,
        "weight": one.weight,
        "steps": [
            {
                "step": step.step,
                "at": step.at,
                "event": coder.event(step.event),
                "actor": coder.actor(step.actor, one.target),
            }
            for step in one.steps
        ],
        "roles": [
            {"role": role, "account": coder.actor(name, one.target)} for role, name in one.roles
        ],
        **{name: coder.group(value) for name, value in one.others},
    }


def _campaigns(results: Results, held: set[str], coder: Coder) -> pa.Table | None:
    if results.campaigns is None:
        return None
    table = results.campaigns
    rows = [row for row in table.to_pylist() if row["campaign"] in held]
    for row in rows:
        row["campaign"] = coder.campaign(row["campaign"])
        for member in row["accounts"]:
            member["account"] = coder.account(member["account"])
        for tie in row["ties"] or ():
            tie["a"], tie["b"] = coder.account(tie["a"]), coder.account(tie["b"])
    return pa.Table.from_pylist(rows, table.schema.remove_metadata())


def _personas(results: Results, names: set[str], coder: Coder) -> pa.Table | None:
    """Code the personas; what a person wrote as a reason is left out: it may name somebody."""
    if results.personas is None:
        return None
    rows = []
    for row in results.personas.to_pylist():
        if not row["target"] and not {row["a"], row["b"]} & names:
            continue
        code = coder.target if row["target"] else coder.account
        row |= {"a": code(row["a"]), "b": code(row["b"]), "because": None}
        for reason in row["evidence"] or ():
            reason["event"] = None if reason["event"] is None else coder.event(reason["event"])
        rows.append(row)
    return pa.Table.from_pylist(rows, results.personas.schema.remove_metadata())
