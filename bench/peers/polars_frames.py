"""P1 in Polars: lazy frames on the streaming engine, as-of joins from step to step.

With `--variant pre` only pairs between whom an address was handed over are looked at. The events are
collected once after that, and once more when few are left, for Polars would read the file again otherwise.
"""

from __future__ import annotations

import os

import p1

os.environ.setdefault("POLARS_MAX_THREADS", str(p1.THREADS))
import polars as pl

PAIR = ["low", "high"]
ENDS = ["actor", "target"]


def once(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Work out a frame now, so that what follows shares it."""
    return frame.collect(engine="streaming").lazy()


def after(
    later: pl.LazyFrame,
    earlier: pl.LazyFrame,
    by: list[str],
    within: int,
    *,
    same: bool = False,
) -> pl.LazyFrame:
    """Keep the later events whose latest earlier one lies within reach."""
    before = earlier.select(*by, before="at").sort("before")
    met = later.sort("at").join_asof(
        before,
        left_on="at",
        right_on="before",
        by=by,
        allow_exact_matches=same,
        check_sortedness=False,
    )
    return met.filter(pl.col("at") - pl.col("before") <= within).drop("before")


def find(path: str, *, pre: bool, common: bool) -> p1.Answer:
    kind = pl.col("type").cast(pl.String)
    near = (
        pl.scan_parquet(path)
        .select("type", *ENDS, at="published", handed=pl.lit(True) if common else "address")
        .filter(kind.is_in(["mention", "reply", "follow", "message"]))
        .with_columns(low=pl.min_horizontal(ENDS), high=pl.max_horizontal(ENDS))
    )
    if pre:
        pairs = near.filter(kind == "message", "handed").select(PAIR).unique()
        near = near.join(pairs, on=PAIR, how="semi")
    near = once(near)
    messages = near.filter(kind == "message").select(*PAIR, *ENDS, "at", "handed")
    public = near.filter(kind.is_in(["mention", "reply"]))
    follows = near.filter(kind == "follow").select(*PAIR, *ENDS, "at")
    follows = after(follows, public, PAIR, p1.FOLLOW_WITHIN)
    openings = after(messages, follows, ENDS, p1.MESSAGE_WITHIN)
    handed = after(messages.filter("handed"), openings, ENDS, p1.ADDRESS_WITHIN, same=True)
    handed = once(handed.select(*PAIR, *ENDS, "at"))
    talk = (
        messages.join(handed.select(PAIR).unique(), on=PAIR, how="semi")
        .select(*PAIR, "at", day=pl.col("at") // p1.DAY)
        .sort(*PAIR, "at")
        .with_columns(
            counted=pl.col("at").shift(-p1.COUNT).over(PAIR),
            date=pl.col("day").rank("dense").cast(pl.Int64).over(PAIR),
        )
        .with_columns(third=pl.col("date").shift(-1).over(PAIR) + p1.DATES - 1)
    )
    begins = talk.group_by(*PAIR, "date").agg(begun=pl.col("at").min())
    completed = pl.max_horizontal("counted", "begun")
    found = (
        handed.join(talk.drop("date", "day"), on=[*PAIR, "at"])
        .join(begins, left_on=[*PAIR, "third"], right_on=[*PAIR, "date"])
        .filter(pl.col("counted").is_not_null(), completed - pl.col("at") <= p1.TALK_WITHIN)
        .group_by(ENDS)
        .agg(completed.min().alias("completed"))
    )
    return found.collect(engine="streaming").rows()


if __name__ == "__main__":
    asked = p1.parser("pre", "full").parse_args()
    p1.timed(
        lambda: find(asked.events, pre=asked.variant == "pre", common=asked.common),
        asked.answer,
    )
