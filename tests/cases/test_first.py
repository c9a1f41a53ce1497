from __future__ import annotations

from undertow.cases import claims
from undertow.cases.queue import View, queue
from undertow.cases.reading import case_view, reveal


def test_desk(desk):
    page = queue(desk.store, desk.ada, View(), desk.now)
    c = page.rows[0].code
    claims.claim(desk.store, desk.ada, c, desk.now)
    v = case_view(desk.store, desk.ada, c, desk.now)
    assert reveal(desk.store, desk.ada, v.passages[0].code, "to decide", desk.now)
    assert len(page.rows) == 12
