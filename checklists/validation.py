"""Everything that is wrong with a catalogue, each with file, line and one sentence in Chinese and English.

Files are taken for hostile: reading is bounded in size, depth and number of values, and nothing in a file is executed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from checklists import catalogue, plan, rules, yamltree
from checklists.errors import CatalogueError
from checklists.model import Area, Checklist, Item, Law, SiteKind
from checklists.rules import Fault, Known
from checklists.shape import Misfit, fit
from checklists.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_T = TypeVar("_T")
_MAX_FILES: Final = 200
_MAX_ENTRIES: Final = 3000
_MAX_PROBLEMS: Final = 1000
_TABLES: Final[dict[str, tuple[str, type, str]]] = {
    catalogue.LAW_FILE: ("laws", Law, "id"),
    catalogue.KINDS_FILE: ("kinds", SiteKind, "id"),
    catalogue.AREAS_FILE: ("areas", Area, "code"),
}
"""File of entries → its list, their shape, and what names them."""
_TOO_MANY: Final = Text(f"条目超过 {_MAX_ENTRIES} 个。", f"There are more than {_MAX_ENTRIES} entries.")


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    file: str
    """Name of the file."""
    line: int
    """From 1."""
    column: int
    """From 1."""
    item: str | None
    """Id of the item, where it is about one."""
    zh: str
    en: str


def validate(path: Path) -> list[Problem]:
    """All problems of a catalogue folder, or of one of its files; an empty list means that it can be used.

    A checklist file is held against the register, kinds and plan of its own folder, or, where that has none, against
    the built-in ones.
    """
    if not path.exists():
        return [_plain(path, Text("没有这个文件或文件夹。", "There is no such file or folder."))]
    if path.name in _TABLES and not path.is_dir():
        return _entries(path, *_TABLES[path.name])[1][:_MAX_PROBLEMS]
    folder = path if path.is_dir() else path.parent
    known, problems = known_for(path)
    if path.is_dir():
        problems += _entries(folder / catalogue.AREAS_FILE, *_TABLES[catalogue.AREAS_FILE])[1]
    files = catalogue.checklist_files(folder) if path.is_dir() else [path]
    if not files:
        problems.append(_plain(path, Text("文件夹里没有检查表。", "There is no checklist in the folder.")))
    if len(files) > _MAX_FILES:
        problems.append(
            _plain(path, Text(f"检查表超过 {_MAX_FILES} 个。", f"There are more than {_MAX_FILES} checklists."))
        )
    ids: dict[str, str] = {}
    for file in files[:_MAX_FILES]:
        problems += _checklist(file, known, ids)
    return problems[:_MAX_PROBLEMS]


def known_for(path: Path) -> tuple[Known, list[Problem]]:
    """What a catalogue folder or a checklist file may refer to, as for `validate`, and what is wrong with that."""
    folder = path if path.is_dir() else path.parent
    problems: list[Problem] = []
    try:
        text = plan.load_plan(folder / "plan" if (folder / "plan").is_dir() else plan.BUILT_IN)
    except CatalogueError as error:
        problems.append(_plain(folder / "plan", Text(error.zh, error.en)))
        text = plan.Plan(sections={}, duties={})
    laws, found = _entries(_or_built_in(folder, catalogue.LAW_FILE, path), "laws", Law, "id")
    problems += found
    kinds, found = _entries(_or_built_in(folder, catalogue.KINDS_FILE, path), "kinds", SiteKind, "id")
    problems += found
    return Known(laws=laws, kinds=kinds, plan=text), problems


def _or_built_in(folder: Path, name: str, path: Path) -> Path:
    own = folder / name
    return own if path.is_dir() or own.exists() else catalogue.BUILT_IN / name


def _tree(file: Path) -> yamltree.Tree | Problem:
    try:
        # A pipe or a device would be read for ever.
        if not file.is_file():
            return _plain(
                file, Text("缺少此文件，或它不是普通文件。", "The file is missing or is not a regular file.")
            )
        return yamltree.read(file)
    except OSError as error:
        return _plain(file, Text(f"读不到文件：{error.strerror}。", f"The file cannot be read: {error.strerror}."))
    except yamltree.YamlSyntaxError as error:
        return Problem(file.name, error.place.line, error.place.column, None, error.zh, error.en)


def _entries(file: Path, key: str, shape: type[_T], name: str) -> tuple[dict[str, _T], list[Problem]]:
    """The entries of a file that holds one list, by id, and what is wrong with them."""
    tree = _tree(file)
    if isinstance(tree, Problem):
        return {}, [tree]
    problems = list(_duplicate_keys(file, tree))
    rows = tree.value.get(key) if isinstance(tree.value, dict) else None
    if not isinstance(rows, list) or not isinstance(tree.value, dict) or set(tree.value) != {key}:
        return {}, [*problems, _plain(file, Text(f"文件应只有列表 {key}。", f"The file holds one list, {key}."))]
    if len(rows) > _MAX_ENTRIES:
        return {}, [*problems, _plain(file, _TOO_MANY)]
    found: dict[str, _T] = {}
    numbers: dict[str, int] = {}
    for number, row in enumerate(rows):
        entry = fit(row, shape)
        if isinstance(entry, Misfit):
            problems.append(_problem(file, tree, None, Fault((key, number, *entry.path), entry.text)))
            continue
        entry_id = str(getattr(entry, name))
        if entry_id in found:
            text = Text(f"编号 {entry_id} 重复。", f"The id {entry_id} stands twice.")
            problems.append(_problem(file, tree, None, Fault((key, number, name), text)))
        found.setdefault(entry_id, entry)
        numbers.setdefault(entry_id, number)
    for fault in rules.check_entries(found):
        where = (key, numbers[str(fault.path[0])], *fault.path[1:])
        problems.append(_problem(file, tree, None, Fault(where, fault.text)))
    return found, problems


def _checklist(file: Path, known: Known, ids: dict[str, str]) -> Iterator[Problem]:
    """What is wrong with a file; `ids` has the checklists of the files before it, each with its file."""
    tree = _tree(file)
    if isinstance(tree, Problem):
        yield tree
        return
    yield from _duplicate_keys(file, tree)
    name = tree.value.get("id") if isinstance(tree.value, dict) else None
    if isinstance(name, str) and (other := ids.setdefault(name, file.name)) != file.name:
        text = Text(f"检查表编号 {name} 与 {other} 相同。", f"The checklist id {name} is that of {other}, too.")
        yield _problem(file, tree, None, Fault(("id",), text))
    for found in check_value(tree.value, known):
        if found.path is None:
            yield _plain(file, found.text)
        else:
            yield _problem(file, tree, found.item, Fault(found.path, found.text))


class Found(msgspec.Struct, frozen=True):
    """One thing that is wrong with a checklist, wherever it was read from."""

    path: yamltree.Where | None
    """Into the value; None: the value as a whole."""
    item: str | None
    text: Text


def check_value(value: yamltree.Plain, known: Known) -> Iterator[Found]:
    """All that is wrong with a checklist in the plain values that its YAML gives."""
    if not isinstance(value, dict) or not isinstance(value.get("sections"), list):
        yield Found(
            None, None, Text("文件应是一个带 sections 的检查表。", "The file is one checklist with sections.")
        )
        return
    # Items are fitted one by one, so that one wrong item does not hide the next.
    items: list[tuple[yamltree.Where, Item]] = []
    sound = True
    rows = list(_item_rows(value["sections"]))
    if len(rows) > _MAX_ENTRIES:
        yield Found(None, None, _TOO_MANY)
        return
    for path, row in rows:
        item = fit(row, Item)
        if isinstance(item, Misfit):
            sound = False
            yield Found((*path, *item.path), _name(row), item.text)
        else:
            items.append((path, item))
    shell = fit(_without_items(value), Checklist)
    if isinstance(shell, Misfit):
        yield Found(shell.path, None, shell.text)
        return
    for fault in rules.check_checklist(shell, known):
        yield Found(fault.path, None, fault.text)
    for path, item in items:
        for fault in rules.check_item(item, shell, known):
            yield Found((*path, *fault.path), item.id, fault.text)
    for path, item_id, text in rules.check_together(items, complete=sound):
        yield Found(path, item_id, text)
    for path, text in rules.check_texts(value):
        yield Found(path, None, text)


def _item_rows(sections: yamltree.Plain) -> Iterator[tuple[yamltree.Where, yamltree.Plain]]:
    for number, section in enumerate(sections or ()):
        rows = section.get("items") if isinstance(section, dict) else None
        for place, row in enumerate(rows if isinstance(rows, list) else ()):
            yield ("sections", number, "items", place), row


def _without_items(value: dict[str, yamltree.Plain]) -> yamltree.Plain:
    sections = value["sections"]
    empty: list[yamltree.Plain] = [
        {**section, "items": []}
        if isinstance(section, dict) and isinstance(section.get("items"), list)
        else section
        for section in (sections if isinstance(sections, list) else ())
    ]
    return {**value, "sections": empty}


def _name(row: yamltree.Plain) -> str | None:
    name = row.get("id") if isinstance(row, dict) else None
    return name[:20] if isinstance(name, str) else None


def _duplicate_keys(file: Path, tree: yamltree.Tree) -> Iterable[Problem]:
    for duplicate in tree.duplicates:
        key = duplicate.path[-1]
        yield Problem(
            file.name,
            duplicate.place.line,
            duplicate.place.column,
            None,
            f"键 {key} 重复。",
            f"The key {key} stands twice.",
        )


def _problem(file: Path, tree: yamltree.Tree, item: str | None, fault: Fault) -> Problem:
    place = tree.place(fault.path)
    return Problem(file.name, place.line, place.column, item, fault.text.zh, fault.text.en)


def _plain(file: Path, text: Text) -> Problem:
    return Problem(file.name, 1, 1, None, text.zh, text.en)
