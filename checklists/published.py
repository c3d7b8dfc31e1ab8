"""Checklists that came as text from somewhere else: checked as an import is, and kept compiled between two starts.

What is kept is a convenience: it is used only for a text with that very SHA-256, under rules that have not changed
since, and may be deleted at any time.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Final

import msgspec

from checklists import plan, yamltree
from checklists.catalogue import BUILT_IN, KINDS_FILE, LAW_FILE
from checklists.errors import CatalogueError
from checklists.model import Checklist
from checklists.shape import Misfit, fit
from checklists.text import Text
from checklists.yamltree import YamlSyntaxError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checklists.rules import Known

FORMAT: Final = 1
_MAX_KEPT: Final = 64 << 20
_MOST: Final = 1000


class Checked(msgspec.Struct, frozen=True):
    """What the check of a text came to."""

    checklist: Checklist | None = None
    """None: it cannot be used."""
    fault: Text | None = None
    """Why not: the first fault with its line, and how many there are."""


class Kept(msgspec.Struct, frozen=True):
    """The file in which checked texts are kept."""

    rules: str
    """`rules_mark` of whoever checked them."""
    texts: dict[str, Checked]
    """SHA-256 of a text in hex → what came of it."""


def text_digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_text(text: str) -> Checked:
    """Check a checklist's YAML against the built-in register, kinds and plan, as `validation.validate` checks a file."""
    faults: list[tuple[int, Text]] = []
    try:
        tree = yamltree.parse(text.encode("utf-8", "surrogatepass"))
    except YamlSyntaxError as error:
        return Checked(fault=_told([(error.place.line, Text(error.zh, error.en))]))
    faults += [(each.place.line, Text("键重复。", "A key stands twice.")) for each in tree.duplicates]
    for line, found in _found(tree):
        faults.append((line, found))
        if len(faults) >= _MOST:
            break
    if faults:
        return Checked(fault=_told(faults))
    checklist = fit(tree.value, Checklist)
    if isinstance(checklist, Misfit):
        return Checked(fault=_told([(tree.place(checklist.path).line, checklist.text)]))
    return Checked(checklist=checklist)


def read_text(text: str) -> Checklist:
    """The checklist of a text that passes the check.

    Raises:
        CatalogueError: It does not.
    """
    checked = check_text(text)
    if checked.checklist is None:
        fault = checked.fault or Text("", "")
        raise CatalogueError(fault.zh, fault.en)
    return checked.checklist


def rules_mark(programme: str) -> str:
    """Changes with the programme, the shape of a checklist, and all that a checklist is held against."""
    said = hashlib.sha256(f"{FORMAT} {programme}".encode())
    files = [BUILT_IN / "checklist.schema.json", BUILT_IN / LAW_FILE, BUILT_IN / KINDS_FILE]
    for file in (*files, plan.BUILT_IN / "plan.txt", plan.BUILT_IN / "duties.json"):
        said.update(hashlib.sha256(file.read_bytes()).digest())
    return said.hexdigest()


def read_kept(file: Path, rules: str) -> dict[str, Checked]:
    """What was kept under these rules; nothing where the file is missing, damaged, or of other rules."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_KEPT + 1)
        kept = msgspec.json.decode(data, type=Kept)
    except (OSError, ValueError, RecursionError):
        return {}
    return kept.texts if kept.rules == rules else {}


def kept_bytes(rules: str, texts: dict[str, Checked]) -> bytes:
    """The file that keeps these."""
    return msgspec.json.encode(Kept(rules, texts))


def _found(tree: yamltree.Tree) -> Iterator[tuple[int, Text]]:
    from checklists.validation import check_value

    for each in check_value(tree.value, _known()):
        yield tree.place(each.path or ()).line, each.text


@functools.lru_cache(maxsize=1)
def _known() -> Known:
    from checklists.validation import known_for

    return known_for(BUILT_IN)[0]


def _told(faults: list[tuple[int, Text]]) -> Text:
    line, text = faults[0]
    more = len(faults) - 1
    zh, en = (f"（另有 {more} 处）", f" (and {more} more)") if more else ("", "")
    return Text(f"第 {line} 行：{text.zh}{zh}", f"line {line}: {text.en}{en}")
