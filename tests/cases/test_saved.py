"""Views of the queue that people keep: theirs alone, sealed at rest, and few."""

from __future__ import annotations

import pytest

from undertow.cases.people import Person, add_person, disable
from undertow.cases.saved import LONGEST, MOST, remove, save, saved
from undertow.cases.store import FILE, Store
from undertow.errors import UndertowError

NOW = 1_780_400_000_000_000


@pytest.fixture
def ada(store: Store) -> Person:
    return add_person(store, "ada", "analyst", "four plain words", now=NOW)


def fault_of(store: Store, who: Person, name: str, **filters: str) -> str:
    with pytest.raises(UndertowError) as raised:
        save(store, who, name, filters, NOW)
    return raised.value.code


def test_a_view_is_kept_as_it_was_named_and_listed_in_order(store: Store, ada: Person) -> None:
    first = save(store, ada, "  German\tones ", {"view": "all", "lang": "de", "find": ""}, NOW)
    save(store, ada, "due", {"view": "clocks"}, NOW + 1)
    assert [(one.name, one.filters) for one in saved(store, ada)] == [
        ("German ones", {"view": "all", "lang": "de"}),
        ("due", {"view": "clocks"}),
    ]
    remove(store, ada, first.code)
    assert [one.name for one in saved(store, ada)] == ["due"]


def test_nobody_sees_or_removes_the_views_of_somebody_else(store: Store, ada: Person) -> None:
    ben = add_person(store, "ben", "approver", "four plain words", now=NOW)
    made = save(store, ada, "mine", {"view": "mine"}, NOW)
    assert saved(store, ben) == []
    with pytest.raises(UndertowError, match="no such view"):
        remove(store, ben, made.code)
    assert len(saved(store, ada)) == 1


def test_what_cannot_be_a_view_is_refused(store: Store, ada: Person) -> None:
    assert fault_of(store, ada, "   ") == "saved-view-name"
    assert fault_of(store, ada, "a" * (LONGEST + 1)) == "saved-view-name"
    assert fault_of(store, ada, "a\u202eb") == "saved-view-name"
    assert fault_of(store, ada, "name", owner="ben") == "saved-view-filter"
    assert fault_of(store, ada, "name", find="a" * 201) == "saved-view-filter"
    for n in range(MOST):
        save(store, ada, f"view {n}", {}, NOW)
    assert fault_of(store, ada, "one more") == "saved-view-many"


def test_an_admin_keeps_no_view_and_who_leaves_leaves_none(store: Store, ada: Person) -> None:
    dora = add_person(store, "dora", "admin", "four plain words", now=NOW)
    with pytest.raises(UndertowError, match="may not do this"):
        saved(store, dora)
    save(store, ada, "mine", {"view": "mine"}, NOW)
    disable(store, ada.reviewer, now=NOW)
    assert saved(store, ada) == []


def test_names_and_filters_are_sealed_at_rest(sqlite: Store) -> None:
    who = add_person(sqlite, "ada", "analyst", "four plain words", now=NOW)
    save(sqlite, who, "unmistakable", {"find": "a:unmistaken"}, NOW)
    held = b"".join(path.read_bytes() for path in sqlite.folder.glob(f"{FILE}*"))
    assert b"unmistak" not in held
