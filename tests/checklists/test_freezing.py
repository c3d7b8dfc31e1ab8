"""A frozen checklist says for ever what was asked."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from typing import TYPE_CHECKING

import msgspec
import pytest

from checklists.errors import CatalogueError
from checklists.freezing import digest, freeze, thaw
from checklists.judgement import judge

if TYPE_CHECKING:
    from checklists.model import Catalogue


def test_thawing_gives_back_what_was_frozen(catalogue: Catalogue) -> None:
    """Every checklist comes back equal, and freezing it again gives the same bytes."""
    for checklist in catalogue.checklists.values():
        text = freeze(checklist, catalogue.register)
        frozen = thaw(text)

        assert frozen.checklist == checklist
        assert freeze(frozen.checklist, frozen.register) == text


def test_the_text_is_canonical(catalogue: Catalogue) -> None:
    """Keys are sorted, there is no white space, text is NFC, and there are no floats."""
    text = freeze(catalogue.checklist("river-outfall"), catalogue.register)
    again = json.dumps(
        json.loads(text, parse_float=pytest.fail), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )

    assert text == again
    assert unicodedata.is_normalized("NFC", text)


def test_a_frozen_checklist_stands_alone(catalogue: Catalogue) -> None:
    """Texts, limits and legal basis can be shown from the snapshot alone, with only the documents that it needs."""
    frozen = thaw(freeze(catalogue.checklist("river-outfall"), catalogue.register))
    item = frozen.checklist.item("RO-304")

    shown = [ref.show(frozen.register, "zh") for ref in frozen.register.basis_on(item, dt.date(2026, 11, 19))]

    assert "《生态环境法典》第一千一百零七条" in shown
    assert judge(item, "52", "mg/L", {"outfall_type": "industrial"}).exceedance == "0.3"
    assert "gb-18599-2020" not in frozen.register.laws


def test_any_change_changes_the_digest(catalogue: Catalogue) -> None:
    """Equal checklists have equal digests, a changed one another."""
    checklist = catalogue.checklist("river-outfall")
    text = freeze(checklist, catalogue.register)
    changed = msgspec.structs.replace(checklist, version="2099.1.1")

    assert digest(text) == digest(freeze(checklist, catalogue.register))
    assert digest(text) != digest(freeze(changed, catalogue.register))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1}', '{"format": 99}', "[" * 5000, '{"format": "1"}'])
def test_damaged_or_newer_snapshots_are_refused(text: str) -> None:
    """What cannot be read is refused with a sentence, whatever it is."""
    with pytest.raises(CatalogueError) as caught:
        thaw(text)

    assert caught.value.zh
    assert caught.value.en


def test_a_newer_snapshot_says_to_upgrade() -> None:
    """A snapshot of a newer format is told apart from a damaged one."""
    with pytest.raises(CatalogueError, match="newer"):
        thaw('{"format": 2, "something": "else"}')
