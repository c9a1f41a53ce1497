"""What the tests of daily runs share."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("matches", "pipeline"):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
