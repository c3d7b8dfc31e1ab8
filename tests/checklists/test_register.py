"""The legal register: which law was in force on the day, and how a place in it is written."""

from __future__ import annotations

import csv
import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from checklists.errors import UnknownIdError
from checklists.model import LegalReference
from checklists.places import chinese, show_place

if TYPE_CHECKING:
    from checklists.model import Catalogue

LAST_OLD = dt.date(2026, 8, 14)
FIRST_NEW = dt.date(2026, 8, 15)
CODE = "ecological-environment-code"
CONFIRMED = {
    row["law"]: set(row["places"].split())
    for row in csv.DictReader((Path(__file__).parent / "clauses.csv").read_text(encoding="utf-8").splitlines())
}


def test_the_code_took_over_on_one_day(catalogue: Catalogue) -> None:
    """Until 2026-08-14 the old laws are in force and the code is not; from the 15th the other way round."""
    register = catalogue.register
    old = [law for law in register.laws.values() if law.replaced_by == CODE]

    assert len(old) == 6
    assert set(register.law(CODE).replaces) == {law.id for law in old}
    for law in old:
        assert register.in_force(law.id, LAST_OLD)
        assert not register.in_force(law.id, FIRST_NEW)
    assert not register.in_force(CODE, LAST_OLD)
    assert register.in_force(CODE, FIRST_NEW)


def test_both_bases_are_kept_and_the_one_of_the_day_is_shown(catalogue: Catalogue) -> None:
    """A hoarding of August 14 is held against the old law, one of August 15 against the code."""
    item = catalogue.checklist("construction-dust").item("CD-101")
    register = catalogue.register

    before = [ref.show(register, "zh") for ref in register.basis_on(item, LAST_OLD)]
    after = [ref.show(register, "zh") for ref in register.basis_on(item, FIRST_NEW)]

    assert before == ["《大气污染防治法》第六十九条第三款", "《大气污染防治法》第一百一十五条第一款第（一）项"]
    assert after == ["《生态环境法典》第二百四十条第三款", "《生态环境法典》第一千一百二十八条第一款第（一）项"]


def test_the_noise_standards_take_turns(catalogue: Catalogue) -> None:
    """The noise standard of 2011 holds until the end of 2025, the one of 2025 from then on."""
    item = catalogue.checklist("construction-dust").item("CD-707")

    def standards(day: dt.date) -> list[str]:
        return [ref.law for ref in catalogue.register.basis_on(item, day) if ref.law.startswith("gb-12523")]

    assert standards(dt.date(2025, 12, 31)) == ["gb-12523-2011"]
    assert standards(dt.date(2026, 1, 1)) == ["gb-12523-2025"]


def test_every_reference_is_in_the_register_and_every_entry_is_used(catalogue: Catalogue) -> None:
    """Items refer to documents of the register only, and the register holds nothing that no item needs."""
    used = {ref.law for one in catalogue.checklists.values() for item in one.items() for ref in item.legal_basis}

    assert used == set(catalogue.register.laws)


def test_every_reference_can_be_shown(catalogue: Catalogue) -> None:
    """Each reference has a Chinese and an English form, and the English one has no Chinese but official numbers."""
    for one in catalogue.checklists.values():
        for item in one.items():
            for reference in item.legal_basis:
                assert reference.show(catalogue.register, "zh").strip()
                english = reference.show(catalogue.register, "en").replace("国办函〔2022〕17号", "")
                assert english.isascii() or "’" in english


def test_only_seen_texts_are_cited_by_clause(catalogue: Catalogue) -> None:
    """Laws, regulations and rules of which only the title was seen are named without a clause."""
    for one in catalogue.checklists.values():
        for item in one.items():
            for reference in item.legal_basis:
                law = catalogue.register.law(reference.law)
                assert law.confirmed == "C" or law.kind == "standard" or not reference.article


def test_only_confirmed_places_are_cited(catalogue: Catalogue) -> None:
    """Every article, clause, chapter or table cited is one that the study confirms for that document."""
    cited = {
        (ref.law, re.sub(r"(?<=条).+| [a-z]\)$", "", ref.article))
        for one in catalogue.checklists.values()
        for item in one.items()
        for ref in item.legal_basis
        if ref.article
    }

    assert {(law, place) for law, place in cited if place not in CONFIRMED.get(law, set())} == set()


def test_what_rests_on_the_code_had_a_basis_before_it(catalogue: Catalogue) -> None:
    """An item that cites the code also names a document that was in force on the day before."""
    register = catalogue.register
    without = [
        item.id
        for one in catalogue.checklists.values()
        for item in one.items()
        if any(ref.law == CODE for ref in item.legal_basis) and not register.basis_on(item, LAST_OLD)
    ]

    assert without == []


@pytest.mark.parametrize(
    ("place", "zh", "en"),
    [
        ("240条1款", "第二百四十条第一款", "Article 240, paragraph 1"),
        ("1136条1款（五）", "第一千一百三十六条第一款第（五）项", "Article 1136, paragraph 1, item 5"),
        ("112条1款（十三）", "第一百一十二条第一款第（十三）项", "Article 112, paragraph 1, item 13"),
        ("83条（二）", "第八十三条第（二）项", "Article 83, item 2"),
        ("5.1.3 b)", " 第 5.1.3 b) 条", "clause 5.1.3 b)"),
        ("表1", " 表 1", "Table 1"),
        ("第5章", " 第 5 章", "chapter 5"),
        ("", "", ""),
    ],
)
def test_places_in_both_languages(place: str, zh: str, en: str) -> None:
    """A place is written in Chinese numerals as laws do, and in plain words in English."""
    assert (show_place(place, "zh"), show_place(place, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("number", "numeral"),
    [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (105, "一百零五"), (110, "一百一十"), (115, "一百一十五"),
     (1000, "一千"), (1010, "一千零一十"), (1054, "一千零五十四"), (1100, "一千一百"), (1107, "一千一百零七"), (1242, "一千二百四十二")],
)  # fmt: skip
def test_chinese_numerals(number: int, numeral: str) -> None:
    """Article numbers are written as the laws write them."""
    assert chinese(number) == numeral


@pytest.mark.parametrize("article", ["二百四十条", "240", "240条1", "240条（1）", "第240条", "7", "表", " 240条"])
def test_other_spellings_of_places_do_not_fit(article: str) -> None:
    """There is one spelling of a place."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"law": "x", "article": article}, LegalReference)


def test_an_unknown_document_is_named(catalogue: Catalogue) -> None:
    """Asking for a document that the register does not have names it."""
    with pytest.raises(UnknownIdError, match="no-law"):
        catalogue.register.in_force("no-law", FIRST_NEW)


@pytest.mark.parametrize(
    ("outfall_type", "cited"),
    [
        ("industrial", {"gb-3838-2002"}),
        ("sewage_works", {"gb-18918-2002"}),
        ("stormwater", set()),
        (None, {"gb-3838-2002", "gb-18918-2002"}),
    ],
)
def test_a_standard_is_cited_only_for_the_sites_that_it_speaks_of(
    catalogue: Catalogue, outfall_type: str | None, cited: set[str]
) -> None:
    """The standard of sewage works is no basis against a factory; of a site of unknown type both are candidates."""
    item = catalogue.checklist("river-outfall").item("RO-304")
    attributes = {"outfall_type": outfall_type} if outfall_type else {}

    found = catalogue.register.basis_on(item, FIRST_NEW, attributes)

    assert {ref.law for ref in found if ref.law.startswith("gb-")} == cited
