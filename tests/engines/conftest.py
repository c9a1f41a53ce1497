"""Lets the tests of this folder import each other's helpers and the small worlds of the matcher's tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "matches"))
sys.path.insert(0, str(Path(__file__).parent))
