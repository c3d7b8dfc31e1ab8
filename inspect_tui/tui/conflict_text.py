"""What the Conflicts screen says, as blocks of text: values in plain words, what differs marked by signs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records import times
from inspect_tui.records.cell_words import NOTHING, cell_name, short_value, table_name, value_lines
from inspect_tui.records.tables import SCHEMA
from inspect_tui.records.text_merge import LONG, differences
from inspect_tui.texts import Text, tr
from inspect_tui.tui.marks import WARNING, Tone
from inspect_tui.tui.widgets.prose import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tui.records.refusals import Refusal
    from inspect_tui.records.settlements import Settlement
    from inspect_tui.records.workspace import Workspace
    from sync.replica import Conflict, Head

LETTERS: Final = "abcdefghi"
_LETTERED: Final = 3
"""Values that have a letter of their own; e is for typing another one."""
KEYS: Final = 6
"""Values that have a digit; more are settled with `conflict resolve`."""
_TITLE: Final = 32
_SIGNS: Final[dict[str, tuple[str, Tone]]] = {"same": (" ", ""), "added": ("+", "good"), "gone": ("−", "bad")}


def when(time_ms: int) -> str:
    """A time of the log in Asia/Shanghai, to the second: two laptops may be close together."""
    return dt.datetime.fromtimestamp(time_ms / 1000, times.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def base_blocks(workspace: Workspace, conflict: Conflict) -> list[Block]:
    """What all had seen."""
    heading = Block(tr("原值（双方都看到的）", "Base (what all had seen)"), tone="heading")
    if conflict.base is None:
        return [heading, Block(tr("（没有）", "(none)"), tone="muted")]
    return [heading, *_value(workspace, conflict, conflict.base, None)]


def head_blocks(
    workspace: Workspace, conflict: Conflict, at: int, names: Mapping[str, str], *, now: int, dense: bool = False
) -> list[Block]:
    """One of the values: its letter, what it says, who gave it and when.

    Args:
        workspace: Where names are looked up.
        conflict: What it is one of.
        at: Which.
        names: Badge number → name.
        now: Which one is shown elsewhere now.
        dense: Who, device and when in one line.
    """
    head = conflict.heads[at]
    key = f"{LETTERS[at]} / {at + 1}" if at < _LETTERED else str(at + 1) if at < KEYS else f"({at + 1})"
    shown = tr("（现在显示）", " (shown now)") if at == now else ""
    against = conflict.base if conflict.base is not None or at == 0 else conflict.heads[0].value
    who = f"{names.get(head.officer, '')} {head.officer}".strip()
    blocks = [Block(f"{key}{shown}", tone="heading"), *_value(workspace, conflict, head.value, against)]
    if dense:
        return [*blocks, Block(f"{who} · {head.device_name} · {when(head.time_ms)}", tr("人员", "Who"))]
    said = (
        (who, tr("人员", "Who")),
        (head.device_name, tr("设备", "Device")),
        (when(head.time_ms), tr("时间", "When")),
    )
    return [*blocks, *(Block(text, label) for text, label in said)]


def _value(workspace: Workspace, conflict: Conflict, value: Any, against: Any) -> Iterator[Block]:
    """The value line by line; of a long text what differs from `against`, each piece with its sign."""
    table, cell = conflict.table, conflict.cell
    long = dict(_long_texts(table, cell, value))
    before = dict(_long_texts(table, cell, against, shortest=1))
    for line in value_lines(table, cell, value, workspace=workspace):
        text = str(line.value)
        name = next((one for one, words in long.items() if words == text), None)
        if name is None or not before.get(name):
            yield Block(text, str(line.label))
            continue
        yield Block(str(line.label), tone="muted")
        for kind, piece in differences(before[name], text):
            sign, tone = _SIGNS[kind]
            yield Block(piece.strip("\n"), sign, tone, tone)


def _long_texts(table: str, cell: str, value: Any, *, shortest: int = LONG) -> Iterator[tuple[str, str]]:
    known = SCHEMA.by_name[table].by_name.get(cell)
    parts = value if known is not None and known.columns and isinstance(value, dict) else {cell: value}
    for name, part in parts.items():
        if isinstance(part, str) and len(part) >= shortest:
            yield name, part


def has_signs(conflict: Conflict) -> bool:
    """Whether the signs of differences stand on the screen and want explaining."""
    return any(True for head in conflict.heads for _ in _long_texts(conflict.table, conflict.cell, head.value))


def subject(conflict: Conflict, title: str) -> Block:
    """What the conflict is about."""
    name = cell_name(conflict.table, conflict.cell)
    kind = table_name(conflict.table)
    title = title if len(title) <= _TITLE else f"{title[:_TITLE]}…"
    return Block(tr(f"{kind.zh} {title} · {name.zh}", f"{kind.en} {title} · {name.en}"), tone="strong")


def hints(conflict: Conflict) -> Iterator[Block]:
    """What a choice means where that is not plain."""
    if conflict.cell == "void":
        yield Block(
            tr(
                "作废的同时另有改动。选其一即作废成立；按 e 撤回作废。",
                "Something else changed beside the voiding. A choice upholds it; e takes the voiding back.",
            ),
            WARNING,
            "warn",
        )
    if conflict.cell not in SCHEMA.by_name[conflict.table].by_name:
        yield Block(
            tr(
                "同一记录在两个行政区各登记了一次，这里不能选择；请由管理员核对两台设备。",
                "The row was created in two areas, which no choice settles; an administrator has to look at both devices.",
            ),
            WARNING,
            "warn",
        )
    if has_signs(conflict):
        yield Block(
            tr(
                "长文字逐句比较：+ 新增，− 删去。按 e 得到三方合并稿。",
                "Long texts piece by piece: + added, − gone. e proposes a merged text.",
            ),
            tone="muted",
        )


def stacked(workspace: Workspace, conflict: Conflict, names: Mapping[str, str], *, now: int) -> list[Block]:
    """Base and values one under the other."""
    blocks = base_blocks(workspace, conflict)
    for at in range(len(conflict.heads)):
        blocks += [Block(""), *head_blocks(workspace, conflict, at, names, now=now, dense=True)]
    return blocks


def shown_now(found: Settlement) -> int:
    """Which of the values a settlement left standing; -1 where it is none of them any more."""
    if not found.line.current:
        return -1
    return next((at for at, head in enumerate(found.conflict.heads) if head.value == found.value), -1)


def settlement_blocks(workspace: Workspace, found: Settlement) -> list[Block]:
    """How it was settled, and how before that."""
    line = found.line
    chosen = short_value(line.table, line.cell, found.value, workspace=workspace)
    blocks = [
        Block(str(chosen), tr("定为", "Settled"), "good"),
        Block(line.reason, tr("理由", "Reason")),
        Block(f"{line.officer} {line.badge} {times.shown(line.at)}", tr("人员", "Who")),
    ]
    if not line.current:
        blocks.append(
            Block(
                tr("此后又改过，不能在此重新解决", "changed since; it cannot be settled anew here"), WARNING, "warn"
            )
        )
    for one in found.earlier:
        said = f"{times.shown(one.at)} {one.officer} {one.badge} {one.reason}"
        blocks.append(Block(said, tr("先前", "Before"), "muted"))
    return blocks


def refusal_blocks(workspace: Workspace, found: Refusal, names: Mapping[str, str]) -> list[Block]:
    """Who wanted to change what, when, and why it does not count."""
    who = f"{names.get(found.officer, '')} {found.officer}".strip()
    blocks = [
        Block(f"{who} · {found.device_name}", tr("人员", "Who")),
        Block(when(found.time_ms), tr("时间", "When")),
        Block(found.area, tr("行政区", "Area")),
        Block(found.version, tr("版本", "Version"), "muted"),
    ]
    if found.offered is not None:
        said = (
            f"{times.shown(found.offered.at)} {found.offered.officer} {found.offered.badge} {found.offered.reason}"
        )
        blocks.append(Block(said, tr("✓ 已重新提交", "✓ Offered again"), "good"))
    for change in found.changes:
        blocks += [
            Block(""),
            Block(f"{table_name(change.table)} {change.title}", tone="strong"),
            Block(str(change.reason), tr("✗ 未采纳", "✗ Refused"), "bad"),
        ]
        for cell, value in change.set.items():
            lines = value_lines(change.table, cell, value, workspace=workspace)
            blocks += [Block(str(line.value), str(line.label)) for line in lines if line.value != NOTHING]
    return blocks


def titled(table: str, cell: str, title: str) -> tuple[str, str]:
    """Two cells of a list: what it is about, and which cell."""
    return f"{table_name(table)} {title}", str(cell_name(table, cell))


def kinds_of(found: Refusal) -> Text:
    """What kinds of rows a refused changeset was to change."""
    tables = list(dict.fromkeys(change.table for change in found.changes))
    return Text("、".join(table_name(one).zh for one in tables), ", ".join(table_name(one).en for one in tables))


def choice_blocks(workspace: Workspace, conflict: Conflict, head: Head) -> list[Block]:
    """The value chosen, for the form that asks why."""
    return [
        Block(str(line.value), str(line.label))
        for line in value_lines(conflict.table, conflict.cell, head.value, workspace=workspace)
    ]
