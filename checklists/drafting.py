"""The beginning of a new checklist: a file that can be used as it is and is made better by hand."""

from __future__ import annotations

import itertools
import json
import re
import string
from typing import TYPE_CHECKING, Final

from checklists.errors import CatalogueError, UnknownIdError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checklists.model import Catalogue
    from checklists.plan import Duty, Plan
    from checklists.text import Text

_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def draft(
    checklist_id: str, title: Text, kinds: Sequence[str], duties: Iterable[str], *, catalogue: Catalogue, plan: Plan
) -> str:
    """The YAML of a new checklist with one item for each duty, which quotes it and asks whether it is done.

    Args:
        checklist_id: Lower-case words joined with hyphens; not that of a checklist of the catalogue.
        title: In both languages.
        kinds: Ids of the kinds of sites that it is for.
        duties: Ids of duties of the plan.
        catalogue: That it is to stand in.
        plan: That it quotes.

    Raises:
        CatalogueError: The id has another form or is taken.
        UnknownIdError: There is no such kind or duty.
    """
    if not _ID.fullmatch(checklist_id):
        raise CatalogueError(
            f"编号 {checklist_id} 须是小写英文单词，用连字符相连，如 road-dust。",
            f"The id {checklist_id} must be lower-case words joined with hyphens, such as road-dust.",
        )
    if checklist_id in catalogue.checklists:
        raise CatalogueError(f"已有检查表 {checklist_id}。", f"There is a checklist {checklist_id} already.")
    for kind in kinds:
        if kind not in catalogue.kinds:
            raise UnknownIdError(
                f"没有检查对象种类 {kind}；现有：{'、'.join(catalogue.kinds)}。",
                f"There is no kind of site {kind}; known are {', '.join(catalogue.kinds)}.",
            )
    found = [_duty(plan, each) for each in duties]
    taken = {item.id for checklist in catalogue.checklists.values() for item in checklist.items()}
    return "\n".join(_lines(checklist_id, title, kinds, found, _prefix(checklist_id, taken))) + "\n"


def _duty(plan: Plan, duty_id: str) -> Duty:
    try:
        return plan.duties[duty_id]
    except KeyError:
        raise UnknownIdError(f"规划没有义务 {duty_id}。", f"The plan has no duty {duty_id}.") from None


def _prefix(checklist_id: str, taken: set[str]) -> str:
    """Two letters that no item begins with, those of the id where they are free."""
    first, *rest = (word[0].upper() for word in checklist_id.split("-"))
    used = {item.partition("-")[0] for item in taken}
    pairs = (one + other for one, other in itertools.product(string.ascii_uppercase, repeat=2))
    return next(
        pair for pair in (first + (rest[0] if rest else "X"), *pairs) if pair.isalpha() and pair not in used
    )


def _lines(checklist_id: str, title: Text, kinds: Sequence[str], duties: list[Duty], prefix: str) -> Iterator[str]:
    yield "# 格式见 docs/catalogue.md；改动后须升版本号并运行 inspect-tui checklist validate。"
    yield "# Format: docs/catalogue.md. After a change raise the version and run `inspect-tui checklist validate`."
    yield ""
    yield f"id: {checklist_id}"
    yield "version: 2026.1.1"
    yield from _text("title", title.zh, title.en, "")
    yield f"site_kinds: [{', '.join(kinds)}]"
    yield from _text(
        "plan_note",
        "规划是政策要求，不是处罚依据；目标期到 2025 年年底，已届满，用于收尾复核与巩固。",
        "The plan is policy, not a basis for a penalty; its target years ended in 2025, so it serves final review and"
        " consolidation.",
        "",
    )
    yield "sections:"
    yield "  - id: duties"
    yield from _text("title", "规划要求", "What the plan demands", "    ")
    yield "    items:"
    for number, duty in enumerate(duties, start=1):
        yield f"      - id: {prefix}-{number:03}"
        yield from _text(
            "question", f"“{duty.quote}”是否落实？", f"Is duty {duty.id} of the plan carried out?", "        "
        )
        yield from _text("pass", "已落实，有现场或资料为证", "It is, as the site or the papers show", "        ")
        yield from _text("fail", "未落实", "It is not", "        ")
        yield from _text("na", "本对象没有此项义务", "The duty does not concern this site", "        ")
        yield "        photos:"
        yield "          - {what: {zh: 现场或资料, en: The site or the papers}}"
        yield "        photo_required_on_fail: false"
        yield "        severity: minor"
        yield from _text("authority", "生态环境", "Ecology and environment authority", "        ")
        yield "        default_days: 30"
        yield "        plan:"
        yield f"          - section: {duty.section}"
        yield f"            quote: {json.dumps(duty.quote, ensure_ascii=False)}"
        yield f"            duties: [{duty.id}]"


def _text(name: str, zh: str, en: str, indent: str) -> Iterator[str]:
    yield f"{indent}{name}:"
    yield f"{indent}  zh: {json.dumps(zh, ensure_ascii=False)}"
    yield f"{indent}  en: {json.dumps(en, ensure_ascii=False)}"
