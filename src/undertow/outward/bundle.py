"""The case bundle: one ZIP with the page, the values, the tables and a manifest that names every byte.

The manifest holds SHA-256 and length of each file, what was left out, who made it, when and why.
Equal input gives an equal archive, so its hash in the audit log can be made again.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from undertow.outward import page, plain
from undertow.outward.record import MARK, Maker, Record, iso

MANIFEST: Final = "manifest.json"
_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")


def encoded(values: Any) -> bytes:  # noqa: ANN401  # whatever JSON can hold
    """Write JSON that people can read: indented, keys in the order given, a line end last."""
    return msgspec.json.format(msgspec.json.encode(values), indent=2) + b"\n"


def file_name(record: Record, ending: str) -> str:
    """Name a file for a case: letters, digits, dot, dash and underscore alone, whatever the code holds."""
    stem = _PLAIN.sub("-", record.case).strip("-.") or "case"
    mark = f"{MARK}-" if record.is_simulated else ""
    return f"{mark}case-{stem[:60]}.{ending}"


def files(record: Record, maker: Maker) -> dict[str, bytes]:
    """Make the files of a bundle without its manifest: name to bytes."""
    return {
        "case.html": page.render(record, maker),
        "case.json": encoded(plain.as_values(record, maker)),
        **plain.tables(record),
    }


def manifest(record: Record, maker: Maker, made: dict[str, bytes]) -> bytes:
    """Write the manifest of some files."""
    return encoded(
        {
            "form": 1,
            "data": MARK if record.is_simulated else "as held by the operator",
            "case": record.case,
            "revision": record.revision,
            "dossier": record.hash,
            "made_at": iso(maker.at),
            "exporter": maker.exporter,
            "undertow": maker.undertow,
            "filters": maker.filters,
            "reason_for_account_id": maker.native_reason,
            "reason_for_text": maker.text_reason,
            "files": [
                {
                    "name": name,
                    "bytes": len(body),
                    "sha256": hashlib.sha256(body).hexdigest(),
                }
                for name, body in sorted(made.items())
            ],
        }
    )


def archive(made: dict[str, bytes], at: int) -> bytes:
    """Pack files into a ZIP; `at`: microseconds, UTC, the time of every file in it."""
    moment = datetime.fromtimestamp(at // 1_000_000, UTC)
    stamp = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in sorted(made.items()):
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            packed.writestr(entry, body)
    return out.getvalue()


def build(record: Record, maker: Maker) -> bytes:
    """Make the whole bundle as a ZIP."""
    made = files(record, maker)
    return archive({**made, MANIFEST: manifest(record, maker, made)}, maker.at)
