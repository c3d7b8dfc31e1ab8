"""The page of keys, docs/keys.md, from the same declarations as the bindings."""

from __future__ import annotations

from inspect_tui.tui.commands import COMMANDS, PLACES, shown_keys


def keys_page() -> str:
    """The page as Markdown, both languages side by side."""
    parts = [
        "# 按键 · Keys",
        "",
        (
            "本页由 `inspect_tui/tui/commands.py` 生成。记录类按键（●）都另有数字键或功能键，输入法开着也不会被吞掉；"
            "全角数字和【】同样有效。"
        ),
        "",
        (
            "Made from `inspect_tui/tui/commands.py`. Every key that records (●) has a digit or function key beside it, so that an"
            " input method left on never swallows it; full-width digits and 【】 work too."
        ),
        "",
    ]
    for place, commands in COMMANDS.items():
        parts += [
            f"## {PLACES[place].zh} · {PLACES[place].en}",
            "",
            "| 键 Key | | 命令 Command | |",
            "|---|---|---|---|",
        ]
        for command in commands:
            keys = shown_keys(command).replace("|", "\\|")
            record = "●" if command.records else ""
            zh, en = f"{command.name.zh}：{command.tip.zh}", f"{command.name.en}: {command.tip.en}"
            parts.append(f"| `{keys}` | {record} | {zh} | {en} |")
        parts.append("")
    return "\n".join(parts)
