"""The checklists say what the domain study says, in both languages, word for word where they quote."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from checklists.attributes import check_attributes
from checklists.catalogue import BUILT_IN, load_catalogue, parse_catalogue
from checklists.compiled import NAME, compiled_text, read_compiled
from checklists.coverage import PAGE, coverage, coverage_page
from checklists.errors import CatalogueError, UnknownIdError
from checklists.plan import load_plan
from checklists.validation import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checklists.model import Catalogue, Item

ROWS = list(csv.DictReader((Path(__file__).parent / "items.csv").read_text(encoding="utf-8").splitlines()))
CORE = ("construction-dust", "river-outfall", "solid-waste-storage")


def every_item(catalogue: Catalogue) -> Iterator[Item]:
    """The items of all checklists."""
    for checklist in catalogue.checklists.values():
        yield from checklist.items()


def core_items(catalogue: Catalogue) -> Iterator[Item]:
    """The items of the three core checklists, in the order of the study."""
    for name in CORE:
        yield from catalogue.checklists[name].items()


def texts(value: Any) -> Iterator[dict[str, str]]:
    """Every pair of texts within plain values."""
    if isinstance(value, dict):
        if set(value) == {"zh", "en"}:
            yield value
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def test_every_item_of_the_study_is_there_with_its_severity_and_days(catalogue: Catalogue) -> None:
    """The 137 items stand in the order of the study, none more, with its severity, default days and plan section."""
    actual = [
        (
            item.id,
            item.severity,
            str(item.default_days),
            row["section"] in {citation.section for citation in item.plan},
        )
        for item, row in zip(core_items(catalogue), ROWS, strict=True)
    ]

    assert actual == [(row["id"], row["severity"], row["default_days"], True) for row in ROWS]


def test_sizes_of_the_sets(catalogue: Catalogue) -> None:
    """Full sets are 45, 44 and 48 items; the standard sets are their critical and major ones."""
    sizes = {
        name: (len(one.full()), len(one.standard())) for name, one in catalogue.checklists.items() if name in CORE
    }

    assert sizes == {"construction-dust": (45, 30), "river-outfall": (44, 27), "solid-waste-storage": (48, 40)}


def test_the_standard_set_leaves_out_only_minor_items(catalogue: Catalogue) -> None:
    """What the standard set leaves out is minor, and nothing that it holds is."""
    for checklist in catalogue.checklists.values():
        chosen = {item.id for item in checklist.standard()}

        assert chosen == {item.id for item in checklist.items() if item.severity in {"critical", "major"}}


def test_both_languages_everywhere(catalogue: Catalogue) -> None:
    """No text is blank, Chinese texts hold Chinese or signs only, and English texts hold no Chinese."""
    plain = msgspec.json.decode(msgspec.json.encode(catalogue))

    found = list(texts(plain))

    assert len(found) > 1200
    for text in found:
        assert text["zh"].strip()
        assert text["en"].strip()
        assert not re.search("[\u4e00-\u9fff，。；：“”、]", text["en"]), text


def test_every_quotation_is_verbatim_in_its_section(catalogue: Catalogue) -> None:
    """White space aside, each quotation stands in the section of the plan that it names."""
    plan = load_plan()

    wrong = [
        (item.id, citation.quote)
        for item in every_item(catalogue)
        for citation in item.plan
        if not plan.has(citation.section, citation.quote)
    ]

    assert wrong == []


def test_every_item_cites_the_plan(catalogue: Catalogue) -> None:
    """Each item names a passage of the plan, and the chapter is that of the section."""
    for item in every_item(catalogue):
        assert item.plan
        assert all(citation.section.startswith(citation.chapter) for citation in item.plan)


def test_every_duty_is_covered_with_its_own_words_or_left_out_with_a_reason(catalogue: Catalogue) -> None:
    """147 of 147: each is claimed by an item that quotes it, or can be judged by no visit, which the page says."""
    plan = load_plan()
    rows = coverage(catalogue, plan)
    quoted = {
        (duty, citation.quote)
        for item in every_item(catalogue)
        for citation in item.plan
        for duty in citation.duties
    }

    assert len(rows) == 147
    assert [row.duty.id for row in rows if row.missing] == []
    assert {row.duty.id for row in rows if row.items} == {duty for duty, _ in quoted}
    assert {(row.duty.id, row.duty.quote) for row in rows if row.items} <= quoted
    assert all(plan.has(plan.duties[duty].section, quote) for duty, quote in quoted)


def test_every_duty_belongs_to_the_checklist_that_the_study_gives_it_to(catalogue: Catalogue) -> None:
    """The checklists are the 25 of the study, and each covers all its duties."""
    plan = load_plan()

    assert set(catalogue.checklists) == {duty.checklist for duty in plan.duties.values()}
    for row in coverage(catalogue, plan):
        assert row.excluded or row.duty.checklist in {checklist for checklist, _ in row.items}


def test_the_page_of_coverage_is_up_to_date(catalogue: Catalogue) -> None:
    """`python -m checklists.coverage` was run after the last change."""
    assert PAGE.read_text(encoding="utf-8") == coverage_page(catalogue, load_plan())


def test_all_147_duties_are_there_and_verbatim() -> None:
    """The duties that come with the catalogue are the 147 of the study, each verbatim in its section."""
    plan = load_plan()

    assert len(plan.duties) == 147
    assert all(plan.has(duty.section, duty.quote) for duty in plan.duties.values())


def test_the_built_in_catalogue_has_no_problems() -> None:
    """What validate finds wrong with the catalogue that we ship is nothing."""
    from checklists.catalogue import BUILT_IN

    assert validate(BUILT_IN) == []


@pytest.mark.parametrize(
    ("item_id", "words"),
    [
        ("CD-102", ("2.5", "1.8")),
        ("CD-103", ("防溢座", "1.8", "2.5")),
        ("CD-303", ("10",)),
        ("CD-503", ("5.5", "四级")),
        ("CD-705", ("GB 36886", "36886")),
        ("RO-501", ("1308",)),
        ("RO-509", ("1308",)),
    ],
)
def test_what_is_known_from_memory_only_stays_out(
    catalogue: Catalogue, item_id: str, words: tuple[str, ...]
) -> None:
    """Items whose figures or documents the study marks M carry neither the figure nor the clause."""
    item = next(item for item in every_item(catalogue) if item.id == item_id)
    text = msgspec.json.encode(item).decode()

    assert all(word not in text for word in words)
    assert all(limit.basis == "tool_default" for measurement in item.measurements for limit in measurement.limits)


@pytest.mark.parametrize("document", ["hj-t-393-2007", "jgj-59-2011"])
def test_documents_whose_clauses_are_unconfirmed_are_named_alone(catalogue: Catalogue, document: str) -> None:
    """Documents of which only the title is confirmed are cited without a place in them."""
    places = [ref.article for item in every_item(catalogue) for ref in item.legal_basis if ref.law == document]

    assert places
    assert set(places) == {""}


def test_no_document_of_which_even_the_number_is_from_memory(catalogue: Catalogue) -> None:
    """HJ 1308, GB 36886, GB 55034 and the local DB14/1928 are nowhere in the catalogue."""
    text = msgspec.json.encode(catalogue).decode()

    assert not re.search(r"HJ 1308|36886|55034|DB14|HJ 1311|HJ 1315", text)


def test_plan_figures_and_defaults_never_pose_as_standards(catalogue: Catalogue) -> None:
    """A limit whose source is the plan or this tool says so in its basis, and the other way round."""
    for item in every_item(catalogue):
        for limit in (limit for measurement in item.measurements for limit in measurement.limits):
            assert ("规划" in limit.source.zh) == (limit.basis == "plan")
            assert ("工具默认值" in limit.source.zh) == (limit.basis == "tool_default")


def test_ambiguous_passages_are_marked(catalogue: Catalogue) -> None:
    """The passages of the plan that can be read two ways are marked and carry no limit of the plan."""
    marked = [item for item in every_item(catalogue) if item.ambiguous]

    assert {"CD-104", "CD-508", "CD-704"} <= {item.id for item in marked}
    assert not [
        limit for item in marked for one in item.measurements for limit in one.limits if limit.basis == "plan"
    ]


def test_authorities_of_dust_differ_from_those_of_piles(catalogue: Catalogue) -> None:
    """Dust on a building site belongs to the housing authority, dusty piles to ecology."""
    dust = catalogue.checklist("construction-dust")

    assert "住建" in dust.item("CD-101").authority.zh
    assert "Housing" in dust.item("CD-101").authority.en
    assert "生态环境" in dust.item("CD-201").authority.zh


def test_self_checks_and_missing_papers_need_no_photo(catalogue: Catalogue) -> None:
    """A failed self-check of the team or a missing paper can be recorded without a photo; a gap in a fence cannot."""
    outfall = catalogue.checklist("river-outfall")

    assert not outfall.item("RO-309").photo_required_on_fail
    assert not outfall.item("RO-310").photo_required_on_fail
    assert not catalogue.checklist("construction-dust").item("CD-002").photo_required_on_fail
    assert catalogue.checklist("construction-dust").item("CD-101").photo_required_on_fail


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("construction_site", {"road_class": "main"}),
        ("outfall", {"outfall_type": "industrial", "river": "文峪河", "outfall_code": "暂不掌握"}),
        ("solid_waste_yard", {"waste_class": "I", "waste_type": "煤矸石"}),
    ],
)
def test_the_attributes_of_the_examples_are_accepted(
    catalogue: Catalogue, kind: str, attributes: dict[str, str]
) -> None:
    """The attributes of the three example inspections are those of their kinds, and each kind has a checklist."""
    assert check_attributes(catalogue.kinds[kind], attributes) == []
    assert catalogue.checklists_for(kind)


def test_unknown_attributes_and_values_are_named(catalogue: Catalogue) -> None:
    """An attribute or value that the kind does not have is said in one sentence; an empty value is not wrong."""
    wrong = check_attributes(catalogue.kinds["outfall"], {"colour": "red", "outfall_type": "volcano", "in_use": ""})

    assert ["colour" in text.en or "volcano" in text.en for text in wrong] == [True, True]


def test_areas_are_those_of_the_city(catalogue: Catalogue) -> None:
    """Thirteen counties and the city, each with a box that lies within the city's."""
    city = catalogue.areas["141100"].box

    assert len(catalogue.areas) == 14
    assert city is not None
    for area in catalogue.areas.values():
        assert area.box is not None
        assert float(city.west) <= float(area.box.west) < float(area.box.east) <= float(city.east)
        assert float(city.south) <= float(area.box.south) < float(area.box.north) <= float(city.north)


def test_measurement_ids_and_first_quantities(catalogue: Catalogue) -> None:
    """The bare values of the examples meet the unit that they come in."""
    units = {item.id: item.measurement.unit for item in every_item(catalogue) if item.measurement}

    assert {key: units[key] for key in ("CD-101", "CD-102", "CD-201", "RO-304", "RO-306", "SW-404")} == {
        "CD-101": "m", "CD-102": "m", "CD-201": "%", "RO-304": "mg/L", "RO-306": "mg/L", "SW-404": "处",
    }  # fmt: skip


def test_unknown_ids_are_refused_in_both_languages(catalogue: Catalogue) -> None:
    """Asking for what is not there names it."""
    with pytest.raises(UnknownIdError) as caught:
        catalogue.checklist("nothing")
    assert "nothing" in caught.value.zh
    assert "nothing" in caught.value.en
    with pytest.raises(UnknownIdError):
        catalogue.checklist("river-outfall").item("RO-999")


def test_section_of_an_item(catalogue: Catalogue) -> None:
    """Every item stands in exactly one section, which can be asked for."""
    for checklist in catalogue.checklists.values():
        counts = Counter(item.id for item in checklist.items())

        assert set(counts.values()) == {1}
        for section in checklist.sections:
            assert all(checklist.section_of(item.id) is section for item in section.items)


def test_loading_is_done_once(catalogue: Catalogue) -> None:
    """Loading the same folder again gives the very same catalogue."""
    assert load_catalogue() is catalogue


def test_a_broken_file_is_refused_with_its_name_and_line(folder: Path) -> None:
    """The loader names the file and line of a syntax error."""
    (folder / "small.yaml").write_text("id: [\n", encoding="utf-8")

    with pytest.raises(CatalogueError, match=r"small\.yaml"):
        load_catalogue(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without checklists is not a catalogue."""
    with pytest.raises(CatalogueError):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("severity: major", "severity: awful", 26),
        ("severity: minor", "severity: minor\n        severity: major", 41),
    ],
)
def test_a_misfit_is_refused_with_its_line(folder: Path, old: str, new: str, line: int) -> None:
    """The loader names the line of a value that does not fit, and of a key that stands twice."""
    file = folder / "small.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)

    assert f"small.yaml line {line}:" in caught.value.en
    assert f"第 {line} 行" in caught.value.zh


def test_a_broken_file_laid_over_costs_only_itself(tmp_path: Path) -> None:
    """What cannot be used is named with its path; two files of one id are both left out; the rest goes on."""
    good = (BUILT_IN / "river-outfall.yaml").read_text(encoding="utf-8")
    (tmp_path / "a.yaml").write_text(good.replace("id: river-outfall", "id: mine", 1), encoding="utf-8")
    (tmp_path / "b.yaml").write_text(good.replace("id: river-outfall", "id: twice", 1), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(good.replace("id: river-outfall", "id: twice", 1), encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("id: [", encoding="utf-8")
    (tmp_path / "law.yaml").write_text("laws: nonsense", encoding="utf-8")

    catalogue = load_catalogue(over=tmp_path)

    assert set(catalogue.checklists) == {*load_catalogue().checklists, "mine"}
    assert catalogue.register.laws == load_catalogue().register.laws
    told = " ".join(fault.en for fault in catalogue.faults)
    assert all(name in told for name in ("broken.yaml", "law.yaml", "b.yaml、c.yaml", "twice"))
    assert len(catalogue.faults) == 3


def test_the_compiled_catalogue_is_that_of_the_files() -> None:
    """`python -m checklists.compiled` was run after the last change, and gives what the YAML gives."""
    assert (BUILT_IN / NAME).read_bytes() == compiled_text(BUILT_IN)
    assert read_compiled(BUILT_IN) == parse_catalogue(BUILT_IN)


def test_a_compiled_catalogue_of_other_files_is_not_used(tmp_path: Path) -> None:
    """One changed YAML file, or a damaged compilation, and the YAML is read."""
    shutil.copytree(BUILT_IN, tmp_path / "c")
    law = tmp_path / "c" / "law.yaml"
    law.write_text(law.read_text(encoding="utf-8").replace("大气污染防治法", "改名的法"), encoding="utf-8")

    assert read_compiled(tmp_path / "c") is None
    assert "改名的法" in str(load_catalogue(tmp_path / "c").register.laws["air-pollution-law"].title)
    (tmp_path / "c" / NAME).write_bytes(b"{")
    assert read_compiled(tmp_path / "c") is None
