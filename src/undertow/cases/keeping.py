"""Dossiers kept: cases opened, updated, merged and reopened, each with its row of what happened.

Works inside the one transaction of an intake. What decides: a case is found by account, role and playbook;
only news make a new dossier; a decided case is opened again by a new target or three more bits alone.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, insert, select, update

from undertow.cases import rule
from undertow.cases.citing import Cited
from undertow.cases.dossier import CampaignCard, Dossier, decode, encode, fingerprint
from undertow.cases.ledger import record
from undertow.cases.making import dossier_of
from undertow.cases.passages import Passages
from undertow.cases.store import Store
from undertow.cases.tables import acts, case_targets, cases, dossiers, named, subjects
from undertow.cases.vault import context
from undertow.export.findings import Finding
from undertow.export.folder import Results
from undertow.units import DAY

KEPT: Final = 90 * DAY
"""How long a case is kept after its last news (T21; GlobaLeaks keeps reports as long)."""
LANG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
"""A language tag by its form (RFC 5646): what else stands in that column is somebody's text."""
IN_HAND: Final = "in hand in another role"
DECIDED: Final = "decided in another role"
OLDER: Final = "older than what is known"


@dataclass(frozen=True)
class Made:
    """One row of a ranking in codes, and what is kept beside it.

    Attributes:
        row: of `accounts.parquet`.
        finding, results: in codes.
        campaign: that the account belongs to, None for none.
        alerts: weights of all rows of the run that null worlds raise.
        platform: of the account.
        natives: native ids by codes, as far as they are known.
        cited: texts by the codes of event and target.
    """

    row: dict[str, Any]
    finding: Finding
    results: Results
    campaign: CampaignCard | None
    alerts: list[float]
    platform: str
    natives: dict[str, str]
    cited: dict[tuple[str, str], Cited]


class Keeper:
    """Keeps the dossiers of one run.

    Args:
        store: the store.
        connection: of `Store.writing`: all of an intake is one transaction.
        run: code of the run, whose row is there.
        now: microseconds.

    Attributes:
        counts: cases `opened`, `updated`, `merged`, `reopened`.
        left: accounts that became no case after all, by the reason.
    """

    def __init__(self, store: Store, connection: Connection, run: str, now: int) -> None:
        self._store, self._db, self._run, self._now = store, connection, run, now
        self.counts = dict.fromkeys(("opened", "updated", "merged", "reopened"), 0)
        self.left: Counter[str] = Counter()
        self._passages = Passages(store, connection)
        self._campaigns: dict[str, tuple[str, list[str]]] = {}
        self._subjects: set[str] = set()

    def keep(self, one: Made) -> None:
        """Open or update the case of one row."""
        account, role = one.finding.account, one.finding.role
        row = self._db.execute(
            select(cases).where(
                cases.c.account == account,
                cases.c.role == role,
                cases.c.playbook == one.finding.playbook.name,
            )
        ).first()
        if row is not None and row.merged_into is not None:
            return
        case = row.case if row is not None else f"k:{secrets.token_hex(8)}"
        cited = self._passages.known(case, account, one.finding.funnels, one.cited)
        campaign = None if one.campaign is None else self._campaign(one.campaign)
        dossier = dossier_of(
            one.finding,
            one.results,
            one.platform,
            cited,
            campaign,
            one.alerts,
            one.row.get("probability"),
        )
        if row is None:
            if self._is_due(dossier):
                self._open(case, dossier, one)
            return
        old = self._dossier(row.dossier)
        if old.run.at > dossier.run.at or not rule.is_news(old, dossier):
            return
        self._update(row, dossier, one)

    def finish(self) -> None:
        """Keep the texts, near-duplicates grouped."""
        self._passages.keep()

    def _open(self, case: str, dossier: Dossier, one: Made) -> None:
        code = self._store.vault.commitment("blind", dossier.account, dossier.playbook.name)
        self._name(dossier, one)
        self._join(one.campaign)
        self._db.execute(
            insert(cases).values(
                case=case,
                account=dossier.account,
                role=dossier.role,
                playbook=dossier.playbook.name,
                state="new",
                revision=1,
                opened_at=self._now,
                blind=code[0] < 256 * rule.BLIND,
                **self._columns(dossier, one),
            )
        )
        self._keep_dossier(case, dossier)
        self._write_named(case, dossier)
        self._passages.add(case, dossier, one.cited)
        self._act(case, "opened", 1, dossier)
        self.counts["opened"] += 1
        self._merge_siblings(case, dossier)

    def _update(self, row: Any, dossier: Dossier, one: Made) -> None:  # noqa: ANN401  # a row of SQLAlchemy
        opens_again = row.state == "closed" and self._has_grown(row, dossier)
        values = self._columns(dossier, one) | {"revision": row.revision + 1}
        if values["lang"] is None:
            del values["lang"]
        if opens_again:
            values["state"] = "reopened"
        self._name(dossier, one)
        self._join(one.campaign)
        self._db.execute(update(cases).where(cases.c.case == row.case).values(**values))
        self._keep_dossier(row.case, dossier)
        self._write_named(row.case, dossier)
        self._passages.add(row.case, dossier, one.cited)
        kind = "reopened" if opens_again else "updated"
        self._act(row.case, kind, row.revision + 1, dossier)
        self.counts[kind] += 1

    def _columns(self, dossier: Dossier, one: Made) -> dict[str, Any]:
        stage = dossier.furthest
        names = [step.name for step in dossier.playbook.steps]
        langs = Counter(
            cited.lang
            for funnel in dossier.funnels
            for step in funnel.steps
            if (cited := one.cited.get((step.event, funnel.target)))
            and cited.lang
            and LANG.fullmatch(cited.lang)
        )
        return {
            "platform": dossier.platform,
            "campaign": None if dossier.campaign is None else dossier.campaign.campaign,
            "dossier": fingerprint(encode(dossier)),
            "weight": dossier.weight,
            "probability": dossier.probability,
            "q_value": None if dossier.chance is None else dossier.chance.q,
            "targets": len(dossier.targets),
            "stage": stage,
            "stage_place": names.index(stage) + 1 if stage in names else 0,
            "lang": min(langs, key=lambda lang: (-langs[lang], lang)) if langs else None,
            "updated_at": self._now,
            "priority": rule.priority(dossier),
            "keep_until": self._now + KEPT,
        }

    def _keep_dossier(self, case: str, dossier: Dossier) -> None:
        body = encode(dossier)
        marked = fingerprint(body)
        asked = select(dossiers.c.hash).where(dossiers.c.hash == marked)
        if self._db.execute(asked).first() is None:
            row = {
                "hash": marked,
                "case": case,
                "at": self._now,
                "run": self._run,
                "body": body,
            }
            self._db.execute(insert(dossiers).values(**row))
        asked_for = select(case_targets.c.target, case_targets.c.step).where(
            case_targets.c.case == case
        )
        held = dict(self._db.execute(asked_for).all())
        for target, step in _furthest(dossier).items():
            if target not in held:
                fresh = {"first_seen": self._now, "help": "none", "decided": False}
                self._db.execute(
                    insert(case_targets).values(case=case, target=target, step=step, **fresh)
                )
            elif held[target] != step:
                mine = (case_targets.c.case == case, case_targets.c.target == target)
                self._db.execute(update(case_targets).where(*mine).values(step=step))

    def _write_named(self, case: str, dossier: Dossier) -> None:
        asked = select(named.c.code).where(named.c.case == case)
        held = set(self._db.execute(asked).scalars())
        rows = [{"case": case, "code": code} for code in codes_of(dossier) if code not in held]
        if rows:
            self._db.execute(insert(named), rows)

    def _act(self, case: str, kind: str, revision: int, dossier: Dossier) -> None:
        """Write down what the clock did, with a leaf of the audit log."""
        marked = fingerprint(encode(dossier))
        act = {"act": f"d:{secrets.token_hex(8)}", "case": case, "kind": kind, "at": self._now}
        self._db.execute(insert(acts).values(**act, revision=revision, dossier=marked))
        facts = {"case": case, "at": self._now, "revision": revision, "dossier": marked}
        record(self._db, self._store, f"case-{kind}", facts)

    def _dossier(self, marked: str) -> Dossier:
        asked = select(dossiers.c.body).where(dossiers.c.hash == marked)
        return decode(self._db.execute(asked).scalar_one())

    def _siblings(self, account: str) -> list[Any]:
        asked = select(cases).where(cases.c.account == account, cases.c.merged_into.is_(None))
        return list(self._db.execute(asked).all())

    def _is_due(self, dossier: Dossier) -> bool:
        """Say whether a case may be opened beside others of its account."""
        for row in self._siblings(dossier.account):
            if self._dossier(row.dossier).run.at > dossier.run.at:
                self.left[OLDER] += 1
                return False
            if row.state not in ("closed", "new"):
                self.left[IN_HAND] += 1
                return False
            if row.state == "closed" and not self._has_grown(row, dossier):
                self.left[DECIDED] += 1
                return False
        return True

    def _has_grown(self, row: Any, dossier: Dossier) -> bool:  # noqa: ANN401  # a row of SQLAlchemy
        """Say whether there is a target that nobody decided about yet, or three bits more."""
        asked = select(case_targets.c.target).where(
            case_targets.c.case == row.case, case_targets.c.decided
        )
        decided = set(self._db.execute(asked).scalars())
        was = row.weight if row.closed_weight is None else row.closed_weight
        return bool(set(dossier.targets) - decided) or dossier.weight >= was + rule.REOPENS

    def _merge_siblings(self, case: str, dossier: Dossier) -> None:
        """Close cases of the same account that nobody has touched: the new one says more."""
        for row in self._siblings(dossier.account):
            if row.case == case or row.state != "new":
                continue
            values = {"state": "closed", "merged_into": case, "revision": row.revision + 1}
            self._db.execute(update(cases).where(cases.c.case == row.case).values(**values))
            self._act(row.case, "merged", row.revision + 1, self._dossier(row.dossier))
            self.counts["merged"] += 1

    def _campaign(self, card: CampaignCard) -> CampaignCard:
        """Give a campaign the code under which its oldest case knows it.

        `detect` names a campaign after its first member, which changes with its members.
        """
        if card.campaign not in self._campaigns:
            members = [code for code, _ in card.members]
            mine = cases.c.account.in_(members)
            asked = select(cases.c.campaign).where(mine, cases.c.campaign.is_not(None))
            held = self._db.execute(asked.order_by(cases.c.opened_at, cases.c.case)).scalars()
            taken = {kept for kept, _ in self._campaigns.values()}
            known = [code for code in dict.fromkeys(held) if code not in taken]
            kept = known[0] if known else card.campaign
            self._campaigns[card.campaign] = (kept, known[1:])
        kept, _ = self._campaigns[card.campaign]
        return msgspec.structs.replace(card, campaign=kept)

    def _join(self, card: CampaignCard | None) -> None:
        """Move the cases of campaigns that grew together to the oldest code; a folder that brings no news moves none."""
        if card is None or not self._campaigns[card.campaign][1]:
            return
        kept, others = self._campaigns[card.campaign]
        mine = cases.c.campaign.in_(others)
        self.counts["merged"] += self._db.execute(
            update(cases).where(mine).values(campaign=kept)
        ).rowcount
        self._campaigns[card.campaign] = (kept, [])

    def _name(self, dossier: Dossier, one: Made) -> None:
        """Keep the subjects that a dossier names, their native ids sealed where they are known."""
        codes = [code for code in codes_of(dossier) if code not in self._subjects]
        self._subjects.update(codes)
        asked = select(subjects.c.code, subjects.c.sealed_id, subjects.c.erased_at)
        held = {
            row.code: row for row in self._db.execute(asked.where(subjects.c.code.in_(codes)))
        }
        gone = self._store.vault.keys.tombstones()
        lacking = [
            code
            for code in codes
            if code in one.natives
            and code not in gone
            and (code not in held or held[code].sealed_id is None)
        ]
        places = [
            (code, context("subjects", code, "sealed_id"), one.natives[code])
            for code in lacking
        ]
        sealed = dict(zip(lacking, self._store.vault.seal_all(places), strict=True))
        for code in codes:
            if code not in held:
                self._db.execute(
                    insert(subjects).values(
                        code=code,
                        platform=one.platform,
                        sealed_id=sealed.get(code),
                        first_seen=self._now,
                        erased_at=gone.get(code),
                    )
                )
            elif code in sealed:
                mine = subjects.c.code == code
                self._db.execute(update(subjects).where(mine).values(sealed_id=sealed[code]))


def _furthest(dossier: Dossier) -> dict[str, str]:
    """Give the furthest step of each target."""
    order = {step.name: place for place, step in enumerate(dossier.playbook.steps)}
    found: dict[str, str] = {}
    for one in sorted(dossier.funnels, key=lambda one: order.get(one.step, -1)):
        found[one.target] = one.step
    return found


def codes_of(dossier: Dossier) -> Iterable[str]:
    """List the accounts and targets that a dossier names, each once."""
    found = [dossier.account, *dossier.targets]
    for funnel in dossier.funnels:
        found += [code for _, code in funnel.roles]
        found += [step.actor for step in funnel.steps]
    if dossier.campaign is not None:
        found += [code for code, _ in dossier.campaign.members]
    return dict.fromkeys(code for code in found if code.startswith(("a:", "t:")))
