"""Export: what leaves for people's eyes, made from the files of an output folder alone."""

from __future__ import annotations
