"""Sentences that a run says in English about its own data: marked here, so that catalogs hold them."""

from __future__ import annotations

from typing import Final

from undertow.review.names import marked

COVERAGE: Final = (
    marked(
        "{platforms}: the step `{step}` could not be seen for some or all; it weighs nothing there"
    ),
    marked("no sources were declared: a step that is absent may just not have been visible"),
    marked("some times are no finer than a minute or a day: order within it is not known"),
    marked("what happens outside these sources, off the platform or by voice, is not visible"),
    marked(
        "only accounts that a person reported, and their conversations, were looked at: whoever nobody reported is not here"
    ),
    marked(
        "ties between accounts, campaigns and personas were not looked for: they need the texts of all events in memory at once, which a carried state, little memory or Spark does not give"
    ),
    marked(
        "p, q and the probability were not computed: they rest on ties between accounts, which were not looked for"
    ),
    marked(
        "first_alert was not computed: `--first-alert` asks it of each midnight of the data, which takes long"
    ),
    marked(
        "1 persona was held to be one actor: a wrong tie lends one account the talk of another"
    ),
    marked(
        "{n} personas were held to be one actor: a wrong tie lends one account the talk of another"
    ),
)
"""What the data could not show (`coverage` of `run.json`)."""
DARK: Final = (
    marked("written to next, no address seen yet: {names}"),
    marked("written to next after an address, then given one as well: {names}"),
    marked("the same address is handed over by {names}"),
    marked("its targets came by way of {name}, and so did those of {names}"),
    marked("its targets came by way of {name}"),
    marked("the targets of {names} came by way of it"),
)
"""What is left when a talk goes dark (`export.dark`)."""
