"""Every key of grammar 1, once: the parser, the JSON Schema and the docs' test read this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import yaml

from undertow.errors import nearest
from undertow.events.table import TYPES, VISIBILITIES
from undertow.playbooks.grammar import GRAMMAR, SIGNALS, STATUSES
from undertow.playbooks.mappings import Entries, Fields, Key, ScalarOr
from undertow.playbooks.page import Page, Path, shown
from undertow.playbooks.shapes import (
    Duration,
    Flag,
    Name,
    Rate,
    Several,
    Text,
    Whole,
    Word,
)

BELIEF: Final = frozenset(
    "lang language languages content text texts pattern patterns regex regexp match matches"  # noqa: SIM905 - reads as a list of words
    " contains keyword keywords phrase phrases word words hashtag hashtags topic topics sentiment"
    " country region nationality religion ethnicity gender age name bio location platform".split()
)
"""Keys that would pick people by what they say or are. No playbook can select on them."""
_COLUMNS: Final = {"actor": "from", "target": "to", "context": "in", "has_signal": "has"}
"""Words of the event table, and the key of a step that looks at that column."""
_MOST_EVENTS: Final = 10_000
_MOST_DAYS: Final = 3_660

_NAME: Final = Name()
_FILE: Final = Name(
    pattern="^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$",
    says="the plain name of a file that stands beside the playbook",
)
_SLUG: Final = Name(
    pattern="^[a-z][a-z0-9-]{0,59}$", says="small letters, digits and `-`, a letter first"
)
_TYPE: Final = Word(TYPES, "event type", "playbook-unknown-type")
_VISIBILITY: Final = Word(VISIBILITIES, "visibility")
_SIGNAL: Final = Word(SIGNALS, "shipped signal", "playbook-unknown-signal")


@dataclass(frozen=True)
class StepFields(Fields):
    """The keys of a step, with an answer of its own for selectors that a playbook must not have."""

    def _strange(self, name: str, node: yaml.Node, path: Path, page: Page) -> None:
        known = [key.name for key in self.keys]
        if name in _COLUMNS:
            what = f"a step has no key `{name}`"
            mend, code, guess = (
                f"write `{_COLUMNS[name]}`",
                "playbook-unknown-key",
                _COLUMNS[name],
            )
        elif name in BELIEF or (guess := nearest(name, known) or "") == "":
            what = f"a step cannot select on `{shown(name)}`"
            mend = (
                "leave it out: playbooks look at conduct, not belief, so only a closed list of"
                " columns and shipped signals can be selected on"
            )
            code, guess = "playbook-belief-selector", "type"
        else:
            what = f"a step has no key `{shown(name)}`"
            mend, code = f"did you mean `{guess}`?", "playbook-unknown-key"
        page.fault((*path, guess), what, code=code, mend=mend, at=node)


LIKELY: Final = Fields(
    (
        Key("rate", Rate(), "share of recruitments that take this step", required=True),
        Key("source", Text(), "where the rate comes from", required=True),
    ),
    "`likely`",
)

ROLE: Final = Fields(
    (
        Key(
            "kind",
            Word(("account", "group"), "kind of role"),
            "`account` (the default), or `group` for a room that `in` binds",
        ),
        Key(
            "may_be",
            Several(_NAME, least=1, alone=True),
            "other roles that the same account may hold; otherwise roles are different accounts",
        ),
    ),
    "a role",
)

STEP: Final = StepFields(
    (
        Key(
            "type",
            Several(_TYPE, least=1, alone=True),
            "event types, any of which takes the step",
            required=True,
        ),
        Key("from", _NAME, "role of the account that acts"),
        Key("to", _NAME, "role of the account addressed"),
        Key(
            "between",
            Several(_NAME, least=2, most=2),
            "two roles, either of which may act on the other; instead of `from` and `to`",
        ),
        Key("in", _NAME, "group role that the event's room (`context`) must be"),
        Key(
            "visibility", Several(_VISIBILITY, least=1, alone=True), "who could see it, any of"
        ),
        Key(
            "has",
            Several(_SIGNAL, least=1, alone=True),
            "shipped signals the event must carry, all of them",
        ),
        Key("first", Flag(), "only the earliest event of these types in this direction"),
        Key("count", Whole(1, _MOST_EVENTS), "events needed since the step before"),
        Key("days", Whole(1, _MOST_DAYS), "UTC dates these events must touch"),
        Key(
            "member_of",
            ScalarOr(_NAME, Entries(_NAME)),
            "group that `from` must be in, by its last join or leave; or `{ROLE: GROUP}`",
        ),
        Key(
            "not_member_of",
            ScalarOr(_NAME, Entries(_NAME)),
            "group that `to` (without a `to`: `from`) must not be in; or `{ROLE: GROUP}`",
        ),
        Key(
            "across",
            Word(("personas",), "word for `across`"),
            "`personas`: events between any accounts of the two actors count; only between the key's two",
        ),
        Key("within", Duration(), "longest gap from the last step taken, such as `14d`"),
        Key("min", Duration(), "shortest gap from the last step taken"),
        Key("optional", Flag(), "the step may be skipped"),
        Key("same", Flag(), "the step may be taken by the very event of the step before"),
        Key(
            "likely",
            ScalarOr(Rate(), LIKELY),
            "share of recruitments that take this step, best as `{rate: …, source: …}`",
        ),
    ),
    "a step",
)

EXAMPLES: Final = Fields(
    (
        Key("finds", Several(_FILE), "event files beside the playbook in which it must match"),
        Key("spares", Several(_FILE), "look-alikes beside the playbook in which it must not"),
    ),
    "`examples`",
)

PLAYBOOK: Final = Fields(
    (
        Key("playbook", _SLUG, "its name", required=True),
        Key("grammar", Whole(GRAMMAR, GRAMMAR), "version of this grammar: 1", required=True),
        Key(
            "status", Word(STATUSES, "status"), "how far to trust it; `research` opens no cases"
        ),
        Key("title", Text(), "one line for people"),
        Key("source", Text(), "where the pattern is described"),
        Key(
            "falsepositives",
            Several(Text()),
            "honest work and life that has the same shape",
        ),
        Key("roles", Entries(ROLE), "places in the pattern, each with `{}`", required=True),
        Key(
            "key",
            Several(_NAME, least=2, most=10),
            "roles a match is about: two accounts, the second `target`, then groups",
            required=True,
        ),
        Key("listed_from", _NAME, "step from which matches are written out", required=True),
        Key("steps", Entries(STEP), "the chain, in this order", required=True),
        Key("examples", EXAMPLES, "event files that test the playbook"),
        Key("reason", Text(), "sentence for the reviewer, with `{role}` and `{step.elapsed}`"),
    ),
    "a playbook",
)
