"""What the folders of `detect` say of decided accounts: which steps were taken, which were seen not to be.

Read are the very rows that the weights rest on, so what is learned is the rate that the weights use. A row says
`taken` or `not taken`; what was open or unknown says nothing. A target counts once per step and account. Rows of
free roles speak of another rate and are not counted.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from undertow.export.folder import Results
from undertow.learning.decisions import Case, Verdict
from undertow.learning.posterior import Seen
from undertow.playbooks.grammar import Playbook
from undertow.scores.weigh import judged_end

SPEAKS: Final = {"taken": True, "not taken": False}
Row = tuple[bool, float, int]
"""Whether the step was taken, its background rate u, and for how many targets."""


class Counted(msgspec.Struct, frozen=True):
    """What one decided account adds.

    Attributes:
        verdict: what its decisions come to.
        group: keyed name of its campaign, None for none: its members are not independent.
        furthest: the furthest step of its funnels, None where nothing ranks it under the judged role.
        steps: rows by step; only of confirmed accounts.
    """

    verdict: Verdict
    group: str | None = None
    furthest: str | None = None
    steps: dict[str, tuple[Row, ...]] = {}


def keyed(key: bytes, name: str) -> str:
    """Name an account or a campaign in a ledger: nobody without the key can try names against it."""
    return hmac.digest(key, f"decided:{name}".encode(), "sha256")[:10].hex()


def count(
    folders: Sequence[Results],
    playbook: Playbook,
    verdicts: Mapping[Case, Verdict],
    key: bytes,
) -> dict[str, Counted]:
    """Count the decided accounts that the folders rank, by keyed name.

    Args:
        folders: opened, oldest first; of two that know an account, the newer counts.
        playbook: whose rates are learned.
        verdicts: what decisions come to.
        key: of this installation.
    """
    role = playbook.key[judged_end(playbook)]
    wanted = {
        account: verdict
        for (account, of, book), verdict in verdicts.items()
        if book == playbook.name and of == role
    }
    found: dict[str, Counted] = {}
    for folder in folders:
        blind = _never_missed(folder, playbook, role)
        for account, campaign in _ranked(folder, playbook, role, wanted).items():
            verdict = wanted[account]
            rows = (
                _rows(folder, playbook, role, account, blind) if verdict == "confirmed" else {}
            )
            found[keyed(key, account)] = Counted(
                verdict,
                None if campaign is None else keyed(key, campaign),
                _furthest(folder, playbook, account),
                rows,
            )
    return dict(sorted(found.items()))


def _ranked(
    folder: Results, playbook: Playbook, role: str, wanted: Iterable[str]
) -> dict[str, str | None]:
    """Give the wanted accounts that a folder ranks, each with its campaign."""
    table = folder.accounts.filter(
        pc.and_(
            pc.and_(
                pc.equal(folder.accounts["playbook"], playbook.name),
                pc.equal(folder.accounts["role"], role),
            ),
            pc.is_in(
                folder.accounts["account"], value_set=pa.array(sorted(wanted), pa.string())
            ),
        )
    )
    names = table["account"].to_pylist()
    has = "campaign" in table.column_names
    return dict(
        zip(names, table["campaign"].to_pylist() if has else [None] * len(names), strict=True)
    )


def _of(folder: Results, playbook: Playbook, role: str) -> pa.Table:
    rows = folder.evidence
    return rows.filter(
        pc.and_(
            pc.and_(pc.equal(rows["playbook"], playbook.name), pc.equal(rows["role"], role)),
            pc.is_in(rows["source"], value_set=pa.array(list(SPEAKS))),
        )
    )


def _never_missed(folder: Results, playbook: Playbook, role: str) -> set[str]:
    """Name the steps whose absence is never seen, as of talk that goes on elsewhere: no rate can be learned."""
    rows = _of(folder, playbook, role)
    missed = set(
        rows.filter(pc.equal(rows["source"], "not taken"))["step"].unique().to_pylist()
    )
    return {
        step.name for step in playbook.steps if step.across_personas and step.name not in missed
    }


def _rows(
    folder: Results, playbook: Playbook, role: str, account: str, blind: set[str]
) -> dict[str, tuple[Row, ...]]:
    rows = _of(folder, playbook, role)
    rows = rows.filter(pc.equal(rows["account"], account))
    of_target: dict[tuple[str, str], tuple[bool, float]] = {}
    for row in rows.select(["step", "target", "source", "u"]).to_pylist():
        if row["u"] is None or row["step"] in blind:
            continue
        place = (row["step"], row["target"])
        if place not in of_target or row["source"] == "taken":
            of_target[place] = (SPEAKS[row["source"]], float(row["u"]))
    many: dict[str, dict[tuple[bool, float], int]] = {}
    for (step, _), one in of_target.items():
        counted = many.setdefault(step, {})
        counted[one] = counted.get(one, 0) + 1
    return {
        step.name: tuple((*one, n) for one, n in sorted(many[step.name].items()))
        for step in playbook.steps
        if step.name in many
    }


def _furthest(folder: Results, playbook: Playbook, account: str) -> str | None:
    steps = [
        one.step
        for one in folder.funnels_of([account])
        if one.playbook == playbook.name and one.recruiter == account
    ]
    return max(steps, key=playbook.step_index, default=None)


def seen(
    counted: Iterable[Counted], step: str, *, per_account: int, per_campaign: int
) -> list[Seen]:
    """List what confirmed accounts say of one step, each held to its share.

    Args:
        counted: decided accounts.
        step: its name.
        per_account: targets that one account may count for.
        per_campaign: targets that the accounts of one campaign may count for together.
    """
    parts = [(one.group, one.steps[step]) for one in counted if step in one.steps]
    shares = [min(1.0, per_account / sum(n for *_, n in rows)) for _, rows in parts]
    whole: dict[str, float] = {}
    for (group, rows), share in zip(parts, shares, strict=True):
        if group is not None:
            whole[group] = whole.get(group, 0.0) + share * sum(n for *_, n in rows)
    out: list[Seen] = []
    for (group, rows), share in zip(parts, shares, strict=True):
        held = share if group is None else share * min(1.0, per_campaign / whole[group])
        out += [(taken, u, held * n) for taken, u, n in rows]
    return out
