"""What the detector claims about one world, held against what is true: alerts, times, groups, odds.

A measure is left out where the detector does not write the column that it needs.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import numpy as np

from undertow.evaluate import metrics
from undertow.evaluate.cast import NEVER
from undertow.evaluate.detected import RECRUITER
from undertow.evaluate.trial import Trial
from undertow.nulls.probability import probability as posterior
from undertow.request import PRIOR
from undertow.units import DAY
from undertow.worlds.rows import Bools, Floats, Ints

LEVELS: Final = (0.05, 0.1, 0.2)
ALERT: Final = 0.1
"""Share of false discoveries at which an account is alerted (design, section 8)."""
FIRST: Final = 40
WEEK: Final = 7 * DAY


def verdicts(trial: Trial) -> dict[str, float]:
    """Measure all claims of the detector on one world."""
    found = {"seconds": trial.detected.seconds, "listed accounts": float(trial.detected.listed)}
    found |= _load(trial) | _discoveries(trial) | _odds(trial)
    if trial.cell.settings.twins is not None:
        found |= _twins(trial)
    if trial.cast.campaigns:
        found |= _times(trial) | _groups(trial) | _cost(trial)
    return found | _kinds(trial)


def alerts(trial: Trial) -> Bools:
    """Mark alerted accounts: q at most 0.1, or before q exists, evidence that outweighs the prior."""
    q = trial.detected.q
    if q is not None:
        return np.asarray(np.nan_to_num(q, nan=np.inf) <= ALERT)
    even = -math.log2(PRIOR / (1 - PRIOR))
    return np.asarray(trial.detected.queue > even)


def _twins(trial: Trial) -> dict[str, float]:
    """Say how far guilty twins stand above honest ones: one half where structure cannot tell.

    Recruiters are held against recruiters, and whole groups, each by its heaviest account, against whole groups: a
    mark on one account of a group is meant to raise the group. Once more with all accounts in front that something beside
    their own conduct agrees with: of the others the page says that it cannot tell.
    """
    queue, cast, backed = trial.detected.queue, trial.cast, _backed(trial)
    alerted = alerts(trial)
    working = [row for team in cast.teams for row, role in team.items() if role == RECRUITER]
    teams = [list(team) for team in cast.teams]
    found = {"guilty twins above honest ones": _above(queue[cast.recruiters], queue[working])}
    for name, order in (("", queue), (", who is backed first", queue + 1_000.0 * backed)):
        guilty = np.array([order[one.members].max() for one in cast.campaigns])
        honest = np.array([order[team].max() for team in teams])
        found[f"guilty groups of twins above honest ones{name}"] = _above(guilty, honest)
    found = {name: share for name, share in found.items() if not math.isnan(share)}
    return found | {
        "guilty twins": float(cast.members.sum()),
        "guilty twins alerted": float(alerted[cast.members].sum()),
        "guilty groups of twins": float(len(cast.campaigns)),
        "guilty groups of twins backed": float(
            sum(backed[one.members].any() for one in cast.campaigns)
        ),
        "honest groups of twins": float(len(teams)),
        "honest groups of twins backed": float(sum(backed[team].any() for team in teams)),
        "honest twins": float(len(cast.honest)),
        "honest twins alerted": float(alerted[list(cast.honest)].sum()),
    }


def _backed(trial: Trial) -> Bools:
    """Mark who is held against null worlds at all: something beside its own conduct agrees with it."""
    p = trial.detected.p
    if p is None:
        return np.zeros(len(trial.detected.queue), bool)
    return np.asarray(np.nan_to_num(p, nan=1.0) < 1)


def _above(one: Floats, other: Floats) -> float:
    """Give the chance that one of the first stands above one of the second; ties count half."""
    if not len(one) or not len(other):
        return float("nan")
    return float((one[:, None] > other).mean() + (one[:, None] == other).mean() / 2)


def _load(trial: Trial) -> dict[str, float]:
    alerted = int(alerts(trial).sum())
    per = 10_000 / (trial.cast.accounts * max(trial.days, 1e-9))
    return {"alerts": float(alerted), "alerts per 10,000 account-days": alerted * per}


def _discoveries(trial: Trial) -> dict[str, float]:
    """Realised shares of false discoveries: against chance (nobody planted), and against guilt."""
    q, p = trial.detected.q, trial.detected.p
    found: dict[str, float] = {}
    if p is not None and not trial.cast.campaigns:
        found["excess of small p-values"] = metrics.uniformity(p)
    if q is None:
        return found
    for level in LEVELS:
        alerted, by_chance = metrics.false_share(q, level, trial.cast.planted)
        _, innocent = metrics.false_share(q, level, trial.cast.members)
        found[f"discoveries at {level:g}"] = float(alerted)
        found[f"false discoveries against chance at {level:g}"] = by_chance / max(alerted, 1)
        found[f"false discoveries against guilt at {level:g}"] = innocent / max(alerted, 1)
    return found


def _odds(trial: Trial) -> dict[str, float]:
    """Measure calibration over listed accounts."""
    probability, recruits = odds(trial)
    return metrics.calibration(probability, recruits) if len(probability) else {}


def odds(trial: Trial) -> tuple[Floats, Bools]:
    """Give what is stated of each listed account, corrected to how many recruiters this world really holds.

    Returns:
        Probabilities, and who recruits, (l); both empty where nobody is listed or nobody recruits.
    """
    listed = np.isfinite(trial.detected.recruiter)
    share = float(trial.cast.recruiters.mean())
    if not share:
        listed[:] = False
    weight, q = trial.detected.recruiter[listed], trial.detected.q
    recruits = trial.cast.recruiters[listed]
    if not len(weight):
        return weight, recruits
    if q is None:
        return stated(weight, share), recruits
    # As the column `probability`, with this world's share as the prior.
    return posterior(weight, q[listed] < 1, share), recruits


def stated(weight: Floats, share: float) -> Floats:
    """Turn bits into probabilities at a given share of recruiters."""
    bits = weight + math.log2(share / (1 - share))
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits, -900, 900))))


def _times(trial: Trial) -> dict[str, float]:
    """How early: targets whose campaign was alerted before their hand-off; stage at the alarm."""
    first = trial.detected.first_alert
    if first is None:
        return {}
    saved = handed = caught = 0
    stages: list[int] = []
    days: list[float] = []
    for campaign in trial.cast.campaigns:
        known = first[campaign.members]
        known = known[known >= 0]
        caught += bool(len(known))
        alarm = int(known.min()) if len(known) else NEVER
        later = campaign.handoff < NEVER
        handed += int(later.sum())
        saved += int((alarm < campaign.handoff[later]).sum())
        if len(known):
            met = campaign.met <= alarm
            stages += _stage(campaign.address[met], campaign.handoff[met], alarm)
            days += ((alarm - campaign.met[met]) / DAY).tolist()
    found = {"campaigns alerted": caught / len(trial.cast.campaigns)}
    if handed:
        found["targets reached before hand-off"] = saved / handed
    if stages:
        found["stage at the alarm"] = float(np.median(stages))
        found["days from first message to alarm"] = float(np.median(days))
    return found


def _stage(address: Ints, handoff: Ints, alarm: int) -> list[int]:
    """Index of the step that each target had reached: 2 first message, 3 address, 5 hand-off."""
    at = np.where(handoff <= alarm, 5, np.where(address <= alarm, 3, 2))
    return [int(stage) for stage in at]


def _groups(trial: Trial) -> dict[str, float]:
    """Campaigns as found against campaigns as planted, and roles of the accounts found."""
    found: dict[str, float] = {}
    true = {
        str(row): campaign.name for campaign in trial.cast.campaigns for row in campaign.roles
    }
    roles = {
        row: role for campaign in trial.cast.campaigns for row, role in campaign.roles.items()
    }
    if trial.detected.campaign is not None:
        given = {str(row): name for row, name in trial.detected.campaign.items()}
        listed = {row: name for row, name in true.items() if int(row) in trial.detected.role}
        for name, value in zip(
            ("precision", "recall", "F1"), metrics.pairwise_f1(given, listed), strict=True
        ):
            found[f"campaign grouping, {name}"] = value
        target = sum(bool(trial.cast.targets[int(row)]) for row in given)
        found["targets in campaigns"] = float(target)
    seen = [row for row in roles if row in trial.detected.role]
    if seen:
        right = sum(trial.detected.role[row] == roles[row] for row in seen)
        found["roles right"] = right / len(seen)
    return found


def _cost(trial: Trial) -> dict[str, float]:
    """Cost to the attacker: targets given an address per account and week.

    `at half recall` counts what the half of the recruiters that stands lower in the ranking still gets
    done, over the work of all accounts: what is possible with half of them found.
    """
    score = trial.detected.recruiter
    recruiters = np.flatnonzero(trial.cast.recruiters)
    lower = set(recruiters[np.argsort(score[recruiters])][: len(recruiters) // 2].tolist())
    weeks = served = unseen = 0.0
    accounts = 0
    for campaign in trial.cast.campaigns:
        given = campaign.address < NEVER
        times = np.concatenate([campaign.met, campaign.address[given]])
        accounts += len(campaign.roles)
        weeks += len(campaign.roles) * max(float(np.ptp(times)) / WEEK, 1.0)
        served += float(given.sum())
        unseen += sum(worker in lower for worker in campaign.worker[given].tolist())
    return {
        "targets per account-week": served / weeks,
        "targets per account-week at half recall": unseen / weeks,
        "accounts per campaign": accounts / len(trial.cast.campaigns),
    }


def _kinds(trial: Trial) -> dict[str, float]:
    """Count each kind of look-alike among the first 40, and among the alerts."""
    shown = metrics.first(trial.detected.queue, FIRST, np.random.default_rng(0)).tolist()
    alerted = np.flatnonzero(alerts(trial)).tolist()
    honest = trial.cast.honest
    whole = Counter(honest.values())
    first = Counter(honest[row] for row in shown if row in honest)
    flagged = Counter(honest[row] for row in alerted if row in honest)
    found: dict[str, float] = {}
    for kind in sorted(whole):
        found[f"first 40: {kind}"] = float(first[kind])
        found[f"alerted: {kind}"] = flagged[kind] / whole[kind]
    return found
