"""Reading a catalogue folder into the model."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from checklists.errors import CatalogueError
from checklists.model import Area, Catalogue, Checklist, Law, Register, SiteKind
from checklists.shape import Misfit, fit
from checklists.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checklists.yamltree import Place

BUILT_IN: Final = Path(__file__).parent / "catalogue"
"""The catalogue that comes with the programme."""
LAW_FILE: Final = "law.yaml"
KINDS_FILE: Final = "kinds.yaml"
AREAS_FILE: Final = "areas.yaml"

_T = TypeVar("_T")


class LawFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`law.yaml`."""

    laws: tuple[Law, ...]


class KindsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kinds.yaml`."""

    kinds: tuple[SiteKind, ...]


class AreasFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`areas.yaml`."""

    areas: tuple[Area, ...]


def load_catalogue(path: Path | None = None, *, over: Path | None = None) -> Catalogue:
    """The catalogue of a folder, or the built-in one; read once and kept.

    Args:
        path: The folder; the built-in one unless given.
        over: A folder whose checklists stand in place of those with the same id, or beside them. Its own law, kinds
            and areas files, where it has them, stand in place of the folder's. What cannot be used of it is left out
            and told in `faults`.

    Only the shape is checked here. Whether quotations are verbatim, references exist and so on is the business of
    `checklists.validation.validate`, which also says everything at once.

    Raises:
        CatalogueError: A file is missing, hostile, not YAML, or not of the shape of the model; says where.
    """
    folder = (path or BUILT_IN).resolve()
    if over is None or not over.is_dir():
        return _load(folder, None, ())
    # the stamps make a changed overlay another key of the cache
    stamps = tuple(sorted((file.name, file.stat().st_mtime_ns) for file in over.glob("*.yaml")))
    return _load(folder, over.resolve() if stamps else None, stamps)


def checklist_files(folder: Path) -> list[Path]:
    """The files of a catalogue folder that hold one checklist each, by name."""
    return sorted(file for file in folder.glob("*.yaml") if file.name not in {LAW_FILE, KINDS_FILE, AREAS_FILE})


def load_layered(
    published: Mapping[str, Checklist], faults: Sequence[Text] = (), *, over: Path | None = None
) -> tuple[Catalogue, frozenset[str]]:
    """The built-in catalogue, over it published checklists, over these the checklists of a folder.

    Args:
        published: By id; in place of the built-in ones with the same id, or beside them.
        faults: What of the published ones cannot be used; told with those of the folder.
        over: As `load_catalogue` takes it.

    Returns:
        The catalogue, and the ids of the checklists that come from the folder.

    Raises:
        CatalogueError: As `load_catalogue`.
    """
    base, top = load_catalogue(), load_catalogue(over=over)
    local = frozenset(name for name, one in top.checklists.items() if one is not base.checklists.get(name))
    if not published and not faults:
        return top, local
    above = {name: one for name, one in top.checklists.items() if name in local}
    checklists = {**base.checklists, **published, **above}
    return msgspec.structs.replace(top, checklists=checklists, faults=(*faults, *top.faults)), local


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Sorts versions `2026.11.1` by their numbers, however long: 2026.9.1 comes before 2026.10.1."""
    numbers = (part.strip().lstrip("0") for part in version.split("."))
    return tuple((len(number), number) for number in numbers)


@functools.lru_cache(maxsize=8)
def _load(folder: Path, over: Path | None, _stamps: tuple[tuple[str, int], ...]) -> Catalogue:
    from checklists.compiled import read_compiled

    if over is not None:
        return _over(_load(folder, None, ()), over)
    return read_compiled(folder) or parse_catalogue(folder)


def _over(base: Catalogue, over: Path) -> Catalogue:
    upper = _Overlay(over)
    laws, kinds, areas = (
        upper.read(LAW_FILE, LawFile),
        upper.read(KINDS_FILE, KindsFile),
        upper.read(AREAS_FILE, AreasFile),
    )
    return Catalogue(
        checklists=base.checklists | upper.checklists(),
        register=_register(laws) if laws else base.register,
        kinds=_by_id((kind.id, kind) for kind in kinds.kinds) if kinds else base.kinds,
        areas=_by_id((area.code, area) for area in areas.areas) if areas else base.areas,
        faults=tuple(upper.faults),
    )


def read_checklist(file: Path) -> Checklist:
    """One checklist file.

    Raises:
        CatalogueError: As `load_catalogue`.
    """
    return _decode(file, Checklist)


def parse_catalogue(folder: Path) -> Catalogue:
    """The catalogue of a folder, read from its YAML.

    Raises:
        CatalogueError: As `load_catalogue`.
    """
    files = checklist_files(folder)
    if not files:
        raise CatalogueError(f"{folder} 里没有检查表。", f"There is no checklist in {folder}.")
    kinds = _decode(folder / KINDS_FILE, KindsFile).kinds
    areas = _decode(folder / AREAS_FILE, AreasFile).areas
    return Catalogue(
        checklists=_by_id((checklist.id, checklist) for checklist in (_decode(file, Checklist) for file in files)),
        register=_register(_decode(folder / LAW_FILE, LawFile)),
        kinds=_by_id((kind.id, kind) for kind in kinds),
        areas=_by_id((area.code, area) for area in areas),
    )


def _register(file: LawFile) -> Register:
    return Register(laws=_by_id((law.id, law) for law in file.laws))


class _Overlay:
    """A folder over the built-in one. What is wrong in it is left out and told: the rest must go on working."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Text] = []

    def read(self, name: str, shape: type[_T]) -> _T | None:
        """What a file of it says; None where there is none, or none that can be used."""
        if not (self.folder / name).is_file():
            return None
        try:
            return _decode(self.folder / name, shape)
        except CatalogueError as error:
            self.faults.append(
                Text(
                    f"{self.folder / name} 未采用：{error.zh.rstrip('。')}；请改正或移走该文件。",
                    f"{self.folder / name} is left out: {error.en.rstrip('.')}; correct the file or take it away.",
                )
            )
            return None

    def checklists(self) -> dict[str, Checklist]:
        """Its checklists by id; of several with one id none."""
        found: dict[str, list[tuple[str, Checklist]]] = {}
        for file in checklist_files(self.folder):
            checklist = self.read(file.name, Checklist)
            if checklist is not None:
                found.setdefault(checklist.id, []).append((file.name, checklist))
        for name, those in found.items():
            if len(those) > 1:
                files = "、".join(file for file, _ in those)
                self.faults.append(
                    Text(
                        f"{self.folder} 里的 {files} 编号都是 {name}，均未采用；请只留一个。",
                        f"{files} in {self.folder} all have the id {name} and are left out; keep one of them.",
                    )
                )
        return {name: those[0][1] for name, those in found.items() if len(those) == 1}


def _decode(file: Path, shape: type[_T]) -> _T:
    from checklists import yamltree

    try:
        tree = yamltree.read(file)
    except OSError as error:
        raise CatalogueError(f"读不到 {file}：{error}", f"{file} cannot be read: {error}") from error
    except yamltree.YamlSyntaxError as error:
        raise _wrong(file, error.place, Text(error.zh, error.en)) from error
    if tree.duplicates:
        raise _wrong(file, tree.duplicates[0].place, Text("键重复。", "A key stands twice."))
    value = fit(tree.value, shape)
    if isinstance(value, Misfit):
        raise _wrong(file, tree.place(value.path), value.text)
    return value


def _wrong(file: Path, place: Place, text: Text) -> CatalogueError:
    return CatalogueError(f"{file.name} 第 {place.line} 行：{text.zh}", f"{file.name} line {place.line}: {text.en}")


def _by_id(pairs: Iterable[tuple[str, _T]]) -> dict[str, _T]:
    found: dict[str, _T] = {}
    for name, value in pairs:
        if name in found:
            raise CatalogueError(f"编号 {name} 重复。", f"The id {name} stands twice.")
        found[name] = value
    return found
