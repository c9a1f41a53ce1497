"""The process that Spark's workers are forked from, with what they need in memory already.

Spark starts one worker for each task and each step at once. Each would import and link half a second of
compiled code for itself; forked from here they begin at once and share that memory.
"""

from __future__ import annotations

from pyspark.daemon import manager

import undertow.scores.spark_answers
import undertow.signals.marks  # noqa: F401  # imported to be there

if __name__ == "__main__":
    manager()
