"""Everything that is wrong with a catalogue is named with its file, line and item, in two languages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checklists import yamltree
from checklists.catalogue import BUILT_IN
from checklists.errors import HostileFileError
from checklists.validation import validate

if TYPE_CHECKING:
    from pathlib import Path


def spoil(folder: Path, name: str, old: str, new: str) -> int:
    """Replace the first `old` in a file and return the line of the replacement, from 1."""
    file = folder / f"{name}.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


# What is spoilt, and what must be said: (file, old, new, lines further down, item, a word of the English sentence).
BROKEN = {
    "syntax": ("small", "site_kinds: [outfall]", "site_kinds: [outfall", 0, None, "syntax"),
    "tab": ("small", "  - id: first", "\t- id: first", 0, None, "syntax"),
    "duplicate key": ("small", "        severity: major", "        severity: major\n        severity: minor", 1, None, "twice"),
    "duplicate item": ("small", "id: AA-002", "id: AA-001", 0, "AA-001", "twice"),
    "unknown key": ("small", "        severity: major", "        colour: red\n        severity: major", 0, "AA-001", "colour"),
    "missing language": ("small", "question: {zh: 问题一, en: Question one}", "question: {zh: 问题一}", 0, "AA-001", "English"),
    "empty language": ("small", "en: Question one", 'en: ""', 0, "AA-001", "empty"),
    "blank language": ("small", "en: Question one", 'en: " "', 0, None, "empty"),
    "missing field": ("small", "        severity: major\n", "", -16, "AA-001", "severity"),
    "wrong severity": ("small", "severity: major", "severity: awful", 0, "AA-001", "awful"),
    "quote not verbatim": ("small", "严格执行“查、测、溯、治”重点任务", "严格执行“查、测、治”重点任务", 0, "AA-001", "verbatim"),
    "quote too short": ("small", "严格执行“查、测、溯、治”重点任务", "任务", 0, "AA-001", "short"),
    "quote elsewhere": ("small", "section: 第四章第二节", "section: 第四章第三节", 1, "AA-001", "第四章第二节"),
    "unknown duty": ("small", "[P4.2-04]", "[P9.9-99]", 0, "AA-001", "P9.9-99"),
    "duty elsewhere": ("small", "[P4.2-04]", "[P5.4-07]", 0, "AA-001", "第五章第四节"),
    "unknown law": ("small", "law: old-law", "law: no-law", 0, "AA-001", "no-law"),
    "expired basis": ("small", "          - {law: new-law, article: 1条1款}\n", "", 0, "AA-001", "expired"),
    "clause of an unseen text": ("small", "law: old-law, article: 2条", "law: notice, article: 2条", 0, "AA-001", "not seen"),
    "bad article": ("small", "article: 2条", "article: 二", 0, "AA-001", "required"),
    "unknown attribute": ("small", "attribute: outfall_type", "attribute: colour", 0, "AA-001", "colour"),
    "unknown value": ("small", "is: [industrial]", "is: [volcano]", 0, "AA-001", "volcano"),
    "free text selects nothing": ("small", "attribute: outfall_type", "attribute: river", 0, "AA-001", "river"),
    "half a condition": ("small", "when: {item: AA-001, is: [fail]}", "when: {item: AA-001}", 0, "AA-002", "exactly one"),
    "condition on nobody": ("small", "when: {item: AA-001, is: [fail]}", "when: {item: AA-009, is: [fail]}", 0, "AA-002", "AA-009"),
    "condition on itself": ("small", "when: {item: AA-001, is: [fail]}", "when: {item: AA-002, is: [fail]}", 0, "AA-002", "circle"),
    "not a verdict": ("small", "when: {item: AA-001, is: [fail]}", "when: {item: AA-001, is: [red]}", 0, "AA-002", "red"),
    "limit on an answer": ("small", "when: {attribute: outfall_type, is: [industrial]}", "when: {item: AA-002, is: [fail]}", 0, "AA-001", "attributes only"),
    "limit without source": ("small", "                source: {zh: 规划, en: Plan}\n", "", -2, "AA-001", "source"),
    "bad comparator": ("small", "comparator: <=", "comparator: =<", 0, "AA-001", "=<"),
    "bad decimal": ("small", 'value: "40"', 'value: "forty"', 0, "AA-001", "required"),
    "range without ends": ("small", "comparator: <=", "comparator: range", 0, "AA-001", "low and high"),
    "upside-down range": ("small", 'comparator: <=\n                value: "40"', 'comparator: range\n                low: "9"\n                high: "6"', 1, "AA-001", "above"),
    "figure missing": ("small", '                value: "40"\n', "", -1, "AA-001", "value"),
    "unknown basis": ("small", "basis: plan", "basis: hearsay", 0, "AA-001", "hearsay"),
    "negative days": ("small", "default_days: 7", "default_days: -1", 0, "AA-001", "at least 0"),
    "days in words": ("small", "default_days: 7", "default_days: seven", 0, "AA-001", "int"),
    "unknown kind": ("small", "site_kinds: [outfall]", "site_kinds: [castle]", 0, None, "castle"),
    "bad version": ("small", "version: 2026.11.1", "version: new", 0, None, "required"),
    "no photo at all": ("small", "{what: {zh: 近景, en: Close up}}", "{what: {zh: 近景, en: Close up}, count: 0}", 0, "AA-001", "at least 1"),
    "not NFC": ("small", "en: Question one", "en: Cafe\u0301", 0, None, "NFC"),
    "invisible character": ("small", "en: Question one", "en: Question\u200bone", 0, None, "invisible"),
    "register: no successor": ("law", "valid_to: 2026-08-14, replaced_by: new-law", "valid_to: 2026-08-14", 0, None, "successor"),
    "register: unknown successor": ("law", "replaced_by: new-law", "replaced_by: no-law", 0, None, "no-law"),
    "register: bad date": ("law", "valid_from: 2026-08-15", "valid_from: tomorrow", 0, None, "date"),
    "register: twice": ("law", "id: notice", "id: old-law", 0, None, "twice"),
    "kinds: twice": ("kinds", "id: river", "id: outfall_type", 0, None, "twice"),
    "areas: bad code": ("areas", '"141102"', '"14"', 0, None, "required"),
    "two documents": ("small", "sections:", "---\nsections:", 0, None, "one YAML document"),
    "anchor": ("small", "title: {zh: 小检查表", "title: &a {zh: 小检查表", 0, None, "Anchors"),
    "tag": ("small", "id: small", "id: !!python/object/apply:os.system [ls]", 0, None, "Tags"),
    "control character": ("small", "en: Question one", "en: Question\x01", 0, None, "characters"),
}  # fmt: skip


def test_the_sound_folder_is_sound(folder: Path) -> None:
    """The folder that the other tests spoil has no problem of its own."""
    assert validate(folder) == []


@pytest.mark.parametrize("case", BROKEN)
def test_each_fault_is_named_with_its_place(folder: Path, case: str) -> None:
    """Each fault is found in its file, at its line and item, with one sentence in each language."""
    name, old, new, further, item, word = BROKEN[case]
    line = spoil(folder, name, old, new) + further

    problems = validate(folder)

    found = [problem for problem in problems if word in problem.en]
    assert found, problems
    assert found[0].file == f"{name}.yaml"
    if case != "control character":
        assert (found[0].line, found[0].item) == (line, item)
    assert found[0].zh.endswith("。")
    assert found[0].en.endswith(".")


def test_circles_of_conditions_are_found(folder: Path) -> None:
    """Two items that wait for each other are both named."""
    spoil(
        folder,
        "small",
        "        severity: major",
        "        when: {item: AA-002, is: [pass]}\n        severity: major",
    )

    circles = [problem.item for problem in validate(folder) if "circle" in problem.en]

    assert circles == ["AA-001", "AA-002"]


def test_one_wrong_item_does_not_hide_the_next(folder: Path) -> None:
    """Faults in two items of one file are both reported."""
    spoil(folder, "small", "severity: major", "severity: awful")
    spoil(folder, "small", "severity: minor", "severity: worse")

    assert [problem.item for problem in validate(folder)] == ["AA-001", "AA-002"]


def test_a_single_file_uses_the_built_in_register(tmp_path: Path) -> None:
    """One checklist file alone is held against the built-in register, kinds and plan."""
    file = tmp_path / "mine.yaml"
    file.write_bytes((BUILT_IN / "river-outfall.yaml").read_bytes())

    assert validate(file) == []


@pytest.mark.parametrize("name", ["law", "kinds", "areas"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    """A folder without register, kinds or areas is told which is missing."""
    (folder / f"{name}.yaml").unlink()

    assert f"{name}.yaml" in {problem.file for problem in validate(folder)}


def test_no_such_folder(tmp_path: Path) -> None:
    """A path that does not exist is one problem, not an exception."""
    assert len(validate(tmp_path / "nothing")) == 1


def test_an_empty_folder(tmp_path: Path) -> None:
    """A folder without checklists is said to have none."""
    assert any("no checklist" in problem.en for problem in validate(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_read(folder: Path) -> None:
    """A named pipe in the folder is refused, not waited for."""
    os.mkfifo(folder / "pipe.yaml")

    assert [problem.file for problem in validate(folder)] == ["pipe.yaml"]


@pytest.mark.parametrize(
    "data",
    [
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        b"[" * 100_000,
        b"{a: " * 100_000,
        b"- " * 100_000,
        b"[" + b"a," * 300_000 + b"]",
        b"a: " + b"x" * (yamltree.MAX_BYTES + 1),
    ],
    ids=["aliases", "sequences", "mappings", "dashes", "many", "large"],
)
def test_bombs_are_refused(data: bytes) -> None:
    """Aliases, deep nesting, very many values and very large files are refused before they cost anything."""
    with pytest.raises((HostileFileError, yamltree.YamlSyntaxError)):
        yamltree.parse(data)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"\x00", b"? [a]\n: b", b"- a", b"just words", b"a: [", b"\xef\xbb\xbf"]
)
def test_strange_files_are_problems_not_exceptions(folder: Path, data: bytes) -> None:
    """Whatever a file holds, validate answers with problems."""
    for name in ("small", "law", "kinds"):
        kept = (folder / f"{name}.yaml").read_bytes()
        (folder / f"{name}.yaml").write_bytes(data)

        assert f"{name}.yaml" in {problem.file for problem in validate(folder)}

        (folder / f"{name}.yaml").write_bytes(kept)


def test_scalars_stay_as_written() -> None:
    """Figures, dates and words such as no are the text that stands in the file."""
    tree = yamltree.parse(b"a: 0.050\nb: 2026-08-15\nc: no\nd: ~\ne: 1e3\n")

    assert tree.value == {"a": "0.050", "b": "2026-08-15", "c": "no", "d": None, "e": "1e3"}


def test_both_yaml_readers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the C library the same files give the same values at the same lines."""
    data = [file.read_bytes() for file in sorted(BUILT_IN.glob("*.yaml"))]
    fast = [yamltree.parse(one) for one in data]
    monkeypatch.setattr(yamltree, "_Loader", yaml.SafeLoader)

    slow = [yamltree.parse(one) for one in data]

    assert [(tree.value, tree.places) for tree in slow] == [(tree.value, tree.places) for tree in fast]


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_a_tree_or_a_syntax_error(data: bytes) -> None:
    """Whatever bytes a file holds, reading it gives plain values or one error with a place."""
    try:
        tree = yamltree.parse(data)
    except yamltree.YamlSyntaxError as error:
        place = error.place
    else:
        place = tree.place(())
    assert place.line >= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(data=st.data())
def test_any_edit_is_judged_without_an_exception(
    folder: Path, content: dict[str, str], data: st.DataObject
) -> None:
    """Cutting, repeating or overwriting any part of a file leads to problems or none, never to an exception."""
    name = data.draw(st.sampled_from(sorted(content)))
    text = content[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    middle = data.draw(
        st.sampled_from(["", text[start:end] * 2, "null", "[]", "{}", "-1", "\n", "x", ": ", "~", "'"])
    )
    (folder / f"{name}.yaml").write_text(text[:start] + middle + text[end:], encoding="utf-8")

    for problem in validate(folder):
        assert problem.zh
        assert problem.en
        assert problem.line >= 1

    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_file_of_very_many_items_is_refused(folder: Path) -> None:
    """A checklist of more items than anybody could ask is one problem."""
    (folder / "small.yaml").write_text("sections:\n- items: [" + "x, " * 5000 + "x]\n", encoding="utf-8")

    assert ["3000" in problem.en for problem in validate(folder)] == [True]
