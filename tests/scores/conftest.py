"""What the tests of weights share."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("matches",):
    sys.path.insert(0, str(Path(__file__).parents[1] / folder))
