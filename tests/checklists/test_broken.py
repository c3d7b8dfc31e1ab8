"""Mistakes that an editor makes: each of the files in `broken/` holds one, and it is named with its line and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from checklists.catalogue import BUILT_IN, checklist_files
from inspect_tui.__main__ import main
from inspect_tui.texts import set_language

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "broken"


class Told(NamedTuple):
    """What is said of a file: line, words in Chinese and in English."""

    line: int
    zh: str
    en: str


BROKEN = {
    "anchor": Told(30, "锚点", "Anchors"),
    "article-in-words": Told(38, "写法不符合规定：如 240条1款", "such as 240条1款"),
    "attribute-unknown": Told(67, "没有属性 outfal_type；可能是 outfall_type", "perhaps outfall_type is meant"),
    "attribute-value-unknown": Told(
        67, "没有值 清净水；可用：", "no value 清净水; one of agricultural, clean_water"
    ),
    "billion-laughs": Told(1, "锚点", "Anchors"),
    "bracket-not-closed": Told(67, "括号没有配对", "bracket or brace"),
    "colon-without-quotes": Told(85, "放进引号", "in quotation marks"),
    "comparator-wrong": Told(61, "不允许的值 '≤'；可用：<、<=", "'≤' is not an allowed value; one of <, <="),
    "condition-half": Told(83, "attribute 和 is", "attribute with is"),
    "condition-on-itself": Told(83, "循环", "circle"),
    "condition-on-no-item": Told(83, "没有的检查项 CO-109", "unknown item CO-109"),
    "control-character": Told(53, "控制字符", "control characters"),
    "days-in-words": Told(33, "应为整数，实为文字", "int is wanted"),
    "days-negative": Told(33, "不能小于 0", "at least 0"),
    "duty-of-another-section": Told(78, "义务 P5.2-01 在第五章第二节", "P5.2-01 stands in 第五章第二节"),
    "empty": Told(1, "带 sections 的检查表", "one checklist with sections"),
    "english-empty": Told(53, "文字不能为空", "The text is empty"),
    "english-in-chinese": Told(53, "英文处写的是中文“超过”", "The English text is Chinese"),
    "english-missing": Told(51, "缺少英文文字", "The text in English is missing"),
    "expired-basis-only": Told(80, "已于 2026-08-14 失效", "expired on 2026-08-14"),
    "full-width-colon": Told(29, "全角冒号", "full-width colon"),
    "full-width-indentation": Told(29, "全角空格", "full-width blanks"),
    "gbk": Told(1, "可能是 GBK", "may be GBK"),
    "invisible-character": Told(22, "不可见字符", "invisible characters"),
    "item-id-malformed": Told(44, "如 RO-304", "such as RO-304"),
    "item-id-twice": Told(44, "编号 CO-101 重复", "CO-101 stands twice"),
    "key-misspelt": Told(70, "不认识的键 severety；可能是 severity", "perhaps severity is meant"),
    "key-twice": Told(75, "键 default_days 重复", "default_days stands twice"),
    "kind-unknown": Told(
        7, "没有检查对象种类 outfalls；可能是 outfall", "no kind of site outfalls; perhaps outfall is meant"
    ),
    "limit-from-memory": Told(66, "不允许的值 '经验'；可用：standard", "one of standard, plan, permit"),
    "limit-on-an-answer": Told(67, "只能取决于属性", "depend on attributes only"),
    "limit-with-unit": Told(62, "单位写在 unit", "the unit stands in unit"),
    "limit-without-source": Told(61, "缺少 source", "source is missing"),
    "list-expected": Told(67, "应为列表 [ ]，实为文字", "array | null is wanted"),
    "nested-too-deeply": Told(83, "嵌套过深", "Nested too deeply"),
    "not-a-checklist": Told(1, "带 sections 的检查表", "one checklist with sections"),
    "not-nfc": Told(53, "NFC", "NFC"),
    "photo-count-zero": Told(28, "不能小于 1", "at least 1"),
    "quote-in-another-section": Told(36, "引文在第四章第二节，不在第四章第一节", "stands in 第四章第二节"),
    "quote-not-closed": Told(62, "引号没有闭合", "quotation mark is not closed"),
    "quote-not-verbatim": Told(36, "原文近处为“系,形成本地区全面完整", "the nearest passage is"),
    "range-upside-down": Told(62, "下限大于上限", "above the upper"),
    "range-without-ends": Told(61, "low 和 high", "low and high"),
    "register/areas": Told(3, "六位数字", "six digits"),
    "register/kinds": Told(7, "可用：site、visit", "one of site, visit"),
    "register/law": Told(10, "没有继任文件", "no successor"),
    "section-id-twice": Told(39, "编号 find 重复", "find stands twice"),
    "section-malformed": Told(35, "如 第四章第二节", "such as 第四章第二节"),
    "severity-in-chinese": Told(70, "不允许的值 '严重'；可用：critical", "one of critical, major, minor"),
    "severity-missing": Told(44, "缺少 severity", "severity is missing"),
    "tab-indentation": Told(29, "制表符 Tab；请改用空格", "indented with a tab"),
    "tag": Told(3, "标签", "Tags"),
    "text-instead-of-pair": Told(51, "应为一组键值，如 zh、en", "object is wanted"),
    "truth-in-chinese": Told(69, "true 或 false", "bool is wanted"),
    "two-documents": Told(87, "一个 YAML 文档", "one YAML document"),
    "unit-misspelt": Told(59, "不认识的单位 mg/l；可能是 mg/L", "perhaps mg/L is meant"),
    "unit-unknown": Told(59, "不认识的单位 mgl；可能是 mg/L", "mgl is not a known unit"),
    "unit-without-english": Told(59, "须另写英文 unit_en", "needs its English in unit_en"),
    "unknown-duty": Told(78, "没有义务 P4.2-99", "no duty P4.2-99"),
    "unknown-law": Told(80, "没有 gb-3838-2022；可能是 gb-3838-2002", "perhaps gb-3838-2002 is meant"),
    "utf-16": Told(1, "UTF-16", "UTF-16"),
    "verdict-unknown": Told(83, "合格 不是检查结果；可用：pass", "not a verdict; one of pass, fail, n_a"),
    "version-malformed": Told(3, "如 2026.12.1", "such as 2026.12.1"),
    "wrong-indentation": Told(51, "缩进", "indentation"),
}
"""File in `broken/` → what is said of it."""


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    yield
    set_language("zh")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Exit status and output of `checklist validate`."""
    capsys.readouterr()
    status = main([*map(str, words[:-1]), "checklist", "validate", str(words[-1])])
    return status, capsys.readouterr().out


def test_every_broken_file_is_expected() -> None:
    """No file without an expectation, no expectation without a file."""
    found = {file.relative_to(FOLDER).with_suffix("").as_posix() for file in FOLDER.rglob("*.yaml")}
    assert found == set(BROKEN)


@pytest.mark.parametrize("name", BROKEN)
def test_each_mistake_is_named_once_with_line_and_reason(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One mistake, one problem: file, line and reason in both languages, for people and for machines."""
    told, file = BROKEN[name], FOLDER / f"{name}.yaml"
    status, out = run(capsys, "--lang", "zh", file)
    assert status == 1
    (line,) = out.splitlines()
    assert line.startswith(f"{file.name}:{told.line}:")
    assert told.zh in line
    status, out = run(capsys, "--lang", "en", file)
    assert status == 1
    assert out.startswith(f"{file.name}:{told.line}:")
    assert told.en in out
    status, out = run(capsys, "--json", file)
    (only,) = json.loads(out)
    assert (status, only["file"], only["line"]) == (1, file.name, told.line)
    assert told.zh in only["zh"]
    assert told.en in only["en"]


@pytest.mark.parametrize("file", [*checklist_files(BUILT_IN), BUILT_IN], ids=lambda file: file.stem)
def test_the_catalogue_that_comes_with_it_is_sound(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every checklist by itself, and all together."""
    status, out = run(capsys, "--lang", "en", file)
    assert (status, out) == (0, "✓ Nothing is wrong.\n")


def test_there_are_25_checklists() -> None:
    """None is left out of the test above."""
    assert len(checklist_files(BUILT_IN)) == 25


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Editors on Windows write one."""
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + (BUILT_IN / "noise-night.yaml").read_bytes().replace(b"\n", b"\r\n"))
    assert run(capsys, "--lang", "zh", file) == (0, "✓ 没有错误。\n")


def test_two_files_of_one_checklist_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A copy that kept its id would hide the other."""
    for name in ("law.yaml", "kinds.yaml", "areas.yaml", "noise-night.yaml"):
        (tmp_path / name).write_bytes((BUILT_IN / name).read_bytes())
    (tmp_path / "our-noise.yaml").write_bytes((BUILT_IN / "noise-night.yaml").read_bytes())
    status, out = run(capsys, "--lang", "zh", tmp_path)
    assert status == 1
    assert out.startswith("our-noise.yaml:")
    assert "与 noise-night.yaml 相同" in out
