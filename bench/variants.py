"""Playbook files made for the benchmark: ten at once, and chains of three to eight steps.

Each is a variation on `playbooks/p1.yaml`, and each has a step that hands over an address.
"""

from __future__ import annotations

from pathlib import Path

PUBLIC = "{type: [mention, reply], between: [recruiter, target]}"
LIKE = "{type: like, from: recruiter, to: target, within: 7d}"
FOLLOW = "{type: follow, from: recruiter, to: target, within: 7d}"
MESSAGE = "{type: message, from: recruiter, to: target, within: 3d}"
ANSWER = "{type: message, from: target, to: recruiter, within: 3d}"
ADDRESS = "{type: message, from: recruiter, to: target, has: address, within: 3d, same: true}"
SUSTAINED = "{type: message, between: [recruiter, target], count: 10, days: 3, within: 21d}"
SHORT = "{type: message, between: [recruiter, target], count: 5, days: 2, within: 14d}"
LONG = "{type: message, between: [recruiter, target], count: 20, days: 4, within: 28d}"

LATER = ADDRESS.replace(", same: true", "")

TEN = (
    (PUBLIC, FOLLOW, MESSAGE, ADDRESS, SUSTAINED),
    (PUBLIC, FOLLOW, MESSAGE, ADDRESS, SHORT),
    (PUBLIC, MESSAGE, ADDRESS, SUSTAINED),
    (FOLLOW, MESSAGE, ADDRESS, LONG),
    (PUBLIC, FOLLOW, MESSAGE, LATER, ANSWER),
    (LIKE, FOLLOW, MESSAGE, ADDRESS),
    (PUBLIC, MESSAGE, ANSWER, ADDRESS),
    (PUBLIC, FOLLOW, ADDRESS, ANSWER, MESSAGE, SHORT),
    (MESSAGE, LATER, SUSTAINED),
    (PUBLIC, FOLLOW, MESSAGE, ADDRESS, ANSWER, SUSTAINED),
)
STEPS = {
    3: (PUBLIC, FOLLOW, ADDRESS),
    4: (PUBLIC, FOLLOW, MESSAGE, ADDRESS),
    5: (PUBLIC, FOLLOW, MESSAGE, ADDRESS, SUSTAINED),
    6: (PUBLIC, FOLLOW, MESSAGE, ADDRESS, ANSWER, SUSTAINED),
    7: (PUBLIC, FOLLOW, MESSAGE, ADDRESS, ANSWER, MESSAGE, SUSTAINED),
    8: (PUBLIC, FOLLOW, MESSAGE, ADDRESS, ANSWER, MESSAGE, ANSWER, SUSTAINED),
}


def written(folder: Path, name: str, steps: tuple[str, ...]) -> Path:
    """Write a chain of steps as a playbook file."""
    lines = [
        f"playbook: {name}",
        "grammar: 1",
        "status: test",
        "title: A chain made to measure speed",
        "source: ours, made up to measure speed",
        "falsepositives: [everybody who makes a friend]",
        "roles: {recruiter: {}, target: {}}",
        "key: [recruiter, target]",
        f"listed_from: step{len(steps)}",
        "steps:",
        *(f"  step{place}: {step}" for place, step in enumerate(steps, 1)),
        'reason: "{recruiter} and {target} kept talking"',
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def ten(folder: Path, many: int = 10) -> list[Path]:
    """Write the first so many of ten playbooks."""
    return [written(folder, f"ten-{i}", steps) for i, steps in enumerate(TEN[:many], 1)]


def long(folder: Path, steps: int) -> Path:
    """Write a playbook of three to eight steps."""
    return written(folder, f"steps-{steps}", STEPS[steps])
