"""Lets the tests of the watch take their helpers by name: test folders are not packages."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
