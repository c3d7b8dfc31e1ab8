"""The plan that the catalogue quotes: its text by section, and the duties found in it."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Final

import msgspec

from checklists.errors import CatalogueError

BUILT_IN: Final = Path(__file__).parent / "plan"
"""吕政办发〔2022〕21号, the plan behind the built-in catalogue."""
_CHAPTER: Final = re.compile(r"第[一二三四五六七八九十]+章")
_SECTION: Final = re.compile(r"第[一二三四五六七八九十]+节")
_MAX_BYTES: Final = 4 << 20


class Duty(msgspec.Struct, frozen=True):
    """One duty of the plan that can be checked on site."""

    id: str
    section: str
    quote: str
    site_type: str
    check: str
    threshold: str
    checklist: str
    """Id of the checklist to which it belongs, whether or not that checklist exists yet."""
    checklist_title: str
    mode: tuple[str, ...]
    """现场, 资料, 测量, 遥感, 统计."""


class Plan(msgspec.Struct, frozen=True):
    """A plan."""

    sections: dict[str, str]
    """`第五章第四节` to its text without white space."""
    duties: dict[str, Duty]

    def section_of(self, quote: str) -> str | None:
        """The first section in which the quotation stands."""
        wanted = squeeze(quote)
        return next((name for name, text in self.sections.items() if wanted in text), None)

    def has(self, section: str, quote: str) -> bool:
        """Whether the quotation stands in that section, white space aside."""
        return squeeze(quote) in self.sections.get(section, "")


def squeeze(text: str) -> str:
    """A text without white space of any kind."""
    return "".join(text.split())


@functools.lru_cache(maxsize=4)
def load_plan(folder: Path = BUILT_IN) -> Plan:
    """The plan of a folder that holds `plan.txt` and `duties.json`.

    Raises:
        CatalogueError: A file is missing, too large, or not what it should be.
    """
    try:
        text = _read(folder / "plan.txt").decode()
        duties = msgspec.json.decode(_read(folder / "duties.json"), type=tuple[Duty, ...])
    except (OSError, UnicodeDecodeError, RecursionError, msgspec.DecodeError) as error:
        raise CatalogueError(f"读不到规划：{error}", f"The plan cannot be read: {error}") from error
    return Plan(sections=_sections(text), duties={duty.id: duty for duty in duties})


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise CatalogueError(f"缺少 {file.name}。", f"{file.name} is missing.")
    with file.open("rb") as stream:
        data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise CatalogueError(f"{file.name} 超过 4 MiB。", f"{file.name} is larger than 4 MiB.")
    return data


def _sections(text: str) -> dict[str, str]:
    """Headings stand at the start of a line: `第五章  …`, then `第四节  …`."""
    sections: dict[str, list[str]] = {}
    chapter = section = ""
    for line in text.splitlines():
        if match := _CHAPTER.match(line):
            chapter, section = match[0], ""
        elif chapter and (match := _SECTION.match(line)):
            section = chapter + match[0]
        sections.setdefault(section or chapter, []).append(line)
    return {name: squeeze("".join(lines)) for name, lines in sections.items()}
