"""Every command once: its name, what it does, its keys. Bindings, key bar, palette, F1 and docs/keys.md all read this.

A command that records has a digit or a function key beside its letter, so that an input method left switched on never
swallows it; the full-width forms that such a method sends for digits and brackets are understood too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.binding import Binding

from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a person can do somewhere.

    Attributes:
        id: Unique in its place.
        action: The action of the screen, with its argument.
        name: As short as the key bar needs it.
        tip: One sentence for the palette and the help.
        keys: The first one is shown in the key bar.
        bar: Whether the key bar shows it.
        records: Whether it puts something on record.
    """

    id: str
    action: str
    name: Text
    tip: Text
    keys: tuple[str, ...]
    bar: bool = True
    records: bool = False


_TWINS: Final = {
    "[": ("left_black_lenticular_bracket", "left_corner_bracket", "fullwidth_left_square_bracket"),
    "]": ("right_black_lenticular_bracket", "right_corner_bracket", "fullwidth_right_square_bracket"),
    "/": ("ideographic_comma", "fullwidth_solidus"),
    **{str(digit): (chr(ord("０") + digit),) for digit in range(10)},
}
"""What a Chinese input method sends for a key."""
_TEXTUAL: Final = {"[": "left_square_bracket", "]": "right_square_bracket", "/": "slash"}
_SHOWN: Final = {
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "backspace": "⌫",
}


def _c(
    name: str,
    action: str,
    zh: str,
    en: str,
    tip_zh: str,
    tip_en: str,
    *keys: str,
    bar: bool = True,
    records: bool = False,
) -> Command:
    return Command(name, action, Text(zh, en), Text(tip_zh, tip_en), keys, bar, records)


PLACES: Final[dict[str, Text]] = {
    "app": Text("到处", "Everywhere"),
    "list": Text("列表", "Lists"),
    "dialog": Text("对话框和表单", "Dialogs and forms"),
    "pick": Text("选项列表", "List of options"),
    "lock": Text("锁屏", "Locked"),
    "start": Text("首次启动", "First start"),
    "today": Text("今日", "Today"),
    "sites": Text("对象", "Sites"),
    "site": Text("对象历史", "History of a site"),
    "walk": Text("检查", "Walk"),
    "summary": Text("小结", "Summary"),
    "carry_over": Text("改用新版", "Another version"),
    "photos": Text("照片", "Photos"),
    "findings": Text("问题", "Findings"),
    "finding": Text("问题详情", "One finding"),
    "conflicts": Text("冲突", "Conflicts"),
    "sync": Text("同步", "Sync"),
    "carrying": Text("传送中", "Exchange under way"),
    "photo_view": Text("看照片", "Photo"),
    "help": Text("帮助", "Help"),
}
"""Where keys hold, with what the place is called."""

_BACK: Final = _c("back", "back", "返回", "back", "回到上一屏", "Go back to the screen before", "escape")

COMMANDS: Final[dict[str, tuple[Command, ...]]] = {
    "app": (
        _c("help", "help", "帮助", "help", "本屏的按键和说明", "Keys of this screen and what they do", "f1"),
        _c("today", "go('today')", "今日", "today", "任务、草稿、到期问题、本机状态", "Tasks, drafts, overdue findings, this laptop", "f2"),
        _c("sites", "go('sites')", "对象", "sites", "查找或新建检查对象", "Find or add a site", "f3"),
        _c("findings", "go('findings')", "问题", "findings", "查看和筛选问题", "List and filter findings", "f4"),
        _c("conflicts", "go('conflicts')", "冲突", "conflicts", "冲突、未采纳的变更、已解决的冲突", "Conflicts, refused changes, settled conflicts", "f12", bar=False),
        _c("sync", "go('sync')", "同步", "sync", "中心库、U 盘和文件：送到哪一步，同步、合并、数据包", "Central store, sticks and files: how far everything has come; sync, merge, bundles", "ctrl+g", "f11", bar=False),
        _c("language", "language", "English", "中文", "切换到英文界面", "Switch to Chinese", "f9"),
        _c("theme", "theme", "配色", "colours", "换一种配色：夜间、日间、高对比、单色", "Next colours: dark, light, high contrast, monochrome", "ctrl+t", bar=False),
        _c("palette", "command_palette", "命令", "commands", "按名称查找命令", "Find a command by its name", "ctrl+p", bar=False),
        _c("lock", "lock", "锁屏", "lock", "锁屏；没有 PIN 时设一个", "Lock the screen; without a PIN, set one", "ctrl+l", bar=False),
        _c("switch", "switch_officer", "换人", "switch officer", "换另一名人员使用本机，须输入其 PIN", "Another officer takes over, with that officer's PIN", "ctrl+o", bar=False),
        _c("quit", "quit", "退出", "quit", "退出；已记录的内容都已存盘", "Leave; everything recorded is on disk", "ctrl+q", bar=False),
    ),
    "list": (
        _c("up", "move(-1)", "上", "up", "上一行", "One line up", "up", "k", bar=False),
        _c("down", "move(1)", "下", "down", "下一行", "One line down", "down", "j", bar=False),
        _c("pageup", "page(-1)", "上页", "page up", "上一页", "One page up", "pageup", bar=False),
        _c("pagedown", "page(1)", "下页", "page down", "下一页", "One page down", "pagedown", bar=False),
        _c("home", "top", "首行", "top", "第一行", "First line", "home", bar=False),
        _c("end", "bottom", "末行", "bottom", "最后一行", "Last line", "end", bar=False),
        _c("open", "open", "打开", "open", "打开光标所在的一行", "Open the line under the cursor", "enter"),
    ),
    "dialog": (
        _c("save", "save", "保存", "save", "保存并关闭；单行框内按 Enter 到下一格，最后一格即保存", "Save and close; Enter goes to the next field, in the last one it saves", "f10", "ctrl+s", records=True),
        _c("next", "next_field", "下一格", "next field", "到下一格", "To the next field", "down", "tab", bar=False),
        _c("previous", "previous_field", "上一格", "previous", "到上一格", "To the field before", "up", "shift+tab", bar=False),
        _c("cancel", "cancel", "取消", "cancel", "关闭；填过内容时须按两次", "Close; twice where something was typed", "escape"),
    ),
    "pick": (
        _c("choose", "choose", "选定", "choose", "选定光标所在的一项；先输入几个字可缩小范围", "Take the option under the cursor; a few letters narrow the list", "enter"),
        _c("cancel", "cancel", "取消", "cancel", "不改，回到表单", "Back to the form, nothing changed", "escape"),
    ),
    "lock": (
        _c("unlock", "unlock", "解锁", "unlock", "用所选人员的 PIN 解锁", "Unlock with the PIN of the officer chosen", "f10", "enter"),
    ),
    "start": (
        _c("make", "save", "建立工作区", "make workspace", "建立工作区，开始使用", "Make the workspace and begin", "f10", "ctrl+s", records=True),
        _c("demo", "demo", "演示数据", "demo data", "装入演示数据，先试用", "Load demo data to try it first", "f5"),
    ),
    "today": (
        _c("new", "new", "新检查", "new inspection", "选择对象，开始一次检查", "Choose a site and start an inspection", "n", "f6"),
        _c("reload", "reload", "刷新", "refresh", "重新读取", "Read again", "f5", bar=False),
    ),
    "sites": (
        _c("search", "search", "搜索", "search", "按名称、地址、信用代码查找，边输入边显示", "By name, address or credit code, as one types", "/", "f5"),
        _c("filter", "filter", "筛选", "filter", "按行政区、类型、风险等级筛选", "By area, kind and risk class", "f", "f7"),
        _c("sort", "sort", "排序", "sort", "换一种排序：名称、最久未查、风险", "Next order: name, longest not inspected, risk", "o", "f8"),
        _c("new", "new", "新建", "new", "新建检查对象", "Record a new site", "n", "f6", records=True),
        _c("clear", "back", "全部", "all", "清除搜索和筛选", "Clear search and filter", "escape", bar=False),
    ),
    "site": (
        _c("inspect", "inspect", "开始检查", "inspect", "对本对象开始一次检查", "Start an inspection of this site", "1", "i", "f6", records=True),
        _c("edit", "edit", "修改", "edit", "修改对象资料", "Change what is known about the site", "e", "f7", records=True),
        _c("same", "same", "归并", "same site", "与重复登记的另一条归并为同一对象", "Join it with another row of the same site", "7", "m", records=True),
        _c("part", "part", "分开", "part", "撤销归并，两条各自列出", "Take the joining back; both are listed again", "8", "u", bar=False, records=True),
        _BACK,
    ),
    "walk": (
        _c("pass", "verdict('pass')", "合格", "pass", "本项合格，到下一未查项", "Pass, and on to the next unanswered item", "1", "y", records=True),
        _c("fail", "verdict('fail')", "不合格", "fail", "本项不合格：立即存盘，再写理由", "Fail: on disk at once, then the reason", "2", "n", records=True),
        _c("n_a", "verdict('n_a')", "不适用", "n/a", "本项不适用：立即存盘，再写理由", "Not applicable: on disk at once, then the reason", "3", "x", records=True),
        _c("clear", "clear", "未查", "not checked", "改回未检查；备注、数值、照片保留", "Not checked again; note, value and photos stay", "0", records=True),
        _c("photo", "photo", "照片", "photo", "给本项附照片", "Attach photos to the item", "4", "p", records=True),
        _c("note", "note", "备注", "note", "写备注和理由", "Write note and reason", "5", "m", records=True),
        _c("value", "value", "数值", "value", "填测量值，边输入边判定", "Enter a measured value, judged as one types", "6", "v", records=True),
        _c("finding", "finding", "问题", "finding", "为本项写一条问题", "Write a finding at the item", "7", "w", records=True),
        _c("next", "next_unanswered", "下一未查", "next open", "到下一个未检查的项", "To the next item not checked", "]", "space"),
        _c("previous", "step(-1)", "上一项", "previous", "到上一项", "To the item before", "[", "up", "k"),
        _c("forward", "step(1)", "下一项", "next", "到下一项", "To the next item", "down", "j", bar=False),
        _c("section_before", "section(-1)", "上一组", "section before", "到上一组", "To the section before", "left", "h", bar=False),
        _c("section_after", "section(1)", "下一组", "section after", "到下一组", "To the section after", "right", "l", bar=False),
        _c("scroll_up", "scroll_text(-1)", "文字上翻", "text up", "文字上翻一页", "Scroll the text up", "pageup", bar=False),
        _c("scroll_down", "scroll_text(1)", "文字下翻", "text down", "文字下翻一页", "Scroll the text down", "pagedown", bar=False),
        _c("undo", "undo", "撤销", "undo", "撤销本机最后一次记录", "Take back what was recorded last", "8", "u", records=True),
        _c("carry_over", "carry_over", "改用新版", "new version", "检查表有新版时，预览改用的结果", "Where the checklist has a newer version, see what going on with it would change", "9", "c", bar=False),
        _c("summary", "summary", "小结", "summary", "看缺什么，然后提交", "See what is missing, then submit", "f10", "s"),
        _BACK,
    ),
    "summary": (
        _c("officers", "officers", "执法人员", "officers", "填写执法人员，至少两人", "Who inspects, at least two", "1", "o", records=True),
        _c("present", "present", "被检查方", "other party", "被检查方在场人员、拒签或不在场", "The other party: present, refused or absent", "2", "w", records=True),
        _c("times", "times", "时间", "times", "检查的起止时间", "Begin and end of the visit", "3", "t", records=True),
        _c("note", "note", "备注", "note", "整个检查的备注", "A note on the whole inspection", "4", "m", records=True),
        _c("waiver", "waiver", "无照片理由", "why no photo", "说明光标所在项为何没有照片", "Say why the item under the cursor has no photo", "5", "p", records=True),
        _c("amend", "amend", "更正", "amend", "打开已提交的检查以更正，须写理由", "Open a submitted inspection for amendment, with a reason", "6", "a", records=True),
        _c("carry_over", "carry_over", "改用新版", "new version", "检查表有新版时，预览改用的结果", "Where the checklist has a newer version, see what going on with it would change", "7", "c", bar=False),
        _c("submit", "submit", "提交", "submit", "提交检查", "Submit the inspection", "f10", "s", records=True),
        _BACK,
    ),
    "carry_over": (
        _c("confirm", "confirm", "确认结果", "confirm", "文字改动后结果仍成立：保留，或不再保留", "The answer stays although the words changed, or not", "1", "space"),
        _c("confirm_all", "confirm_all", "全部确认", "confirm all", "确认所有只改文字的项", "Confirm every item of which only words changed", "2", "a"),
        _c("apply", "apply", "改用", "carry over", "写明理由，改用新版", "Say why, and go on with the other version", "f10", "s", records=True),
        _BACK,
    ),
    "photos": (
        _c("mark", "mark", "选择", "mark", "选中或取消", "Mark or unmark", "space", "1"),
        _c("mark_proposed", "mark_proposed", "选建议", "mark proposed", "选中本次检查期间、对象附近拍的照片", "Mark the photos of this visit near this site", "2", "a"),
        _c("folder", "folder", "文件夹", "folder", "换文件夹或存储卡", "Another folder or camera card", "/", "f5"),
        _c("up_folder", "parent", "上级", "parent", "到上级文件夹", "To the parent folder", "backspace", "left"),
        _c("attach", "attach", "附上", "attach", "附上选中的照片；未选时附光标所在的一张", "Attach the marked photos, or the one under the cursor", "f10", "3", records=True),
        _BACK,
    ),
    "findings": (
        _c("search", "search", "搜索", "search", "按描述、检查项、对象查找，边输入边显示", "By description, item or site, as one types", "/", "f5"),
        _c("filter", "filter", "筛选", "filter", "按状态、严重程度、行政区、到期筛选", "By status, severity, area, due date", "f", "f7"),
        _c("sort", "sort", "排序", "sort", "换一种排序", "Next order", "o", "f6"),
        _c("edit", "edit", "修改", "edit", "修改问题", "Change the finding", "e", "1", records=True),
        _c("follow_up", "follow_up", "跟踪", "follow up", "登记整改跟踪：责令、回复、复查、延期、销号、作废", "Record notice, reply, recheck, extension, closing or voiding", "r", "2", records=True),
        _c("csv", "csv", "导出", "CSV", "把显示的问题导出为 CSV", "Write what is shown as CSV", "c", "f8"),
        _c("clear", "back", "全部", "all", "清除搜索和筛选", "Clear search and filter", "escape", bar=False),
    ),
    "finding": (
        _c("edit", "edit", "修改", "edit", "修改问题", "Change the finding", "e", "1", records=True),
        _c("follow_up", "follow_up", "跟踪", "follow up", "登记整改跟踪：责令、回复、复查、延期、销号、作废", "Record notice, reply, recheck, extension, closing or voiding", "r", "2", records=True),
        _c("inspection", "inspection", "检查", "inspection", "打开所属检查", "Open its inspection", "3", "i"),
        _BACK,
    ),
    "conflicts": (
        _c("a", "choose(0)", "选 a", "take a", "选取值 a，写理由", "Settle with value a, and say why", "a", "1", records=True),
        _c("b", "choose(1)", "选 b", "take b", "选取值 b，写理由", "Settle with value b, and say why", "b", "2", records=True),
        _c("c", "choose(2)", "选 c", "take c", "选取值 c，写理由", "Settle with value c, and say why", "c", "3", records=True),
        _c("d", "choose(3)", "选 d", "take d", "选取值 d，写理由", "Settle with value d, and say why", "4", bar=False, records=True),
        _c("e", "choose(4)", "选第五个", "the fifth", "选第五个取值，写理由", "Settle with the fifth value, and say why", "5", bar=False, records=True),
        _c("f", "choose(5)", "选第六个", "the sixth", "选第六个取值，写理由", "Settle with the sixth value, and say why", "6", bar=False, records=True),
        _c("edit", "edit", "另填", "type", "另填取值；长文字从三方合并稿改起；作废则撤回", "Type a value; long texts start as a merged proposal; a voiding is taken back", "e", "f7", records=True),
        _c("next", "next", "下一条", "next", "到下一条", "To the next one", "n", "f8"),
        _c("photos", "photos", "照片", "photos", "看相关照片", "Look at the photos of the item", "p", "f6"),
        _c("list", "list", "换列表", "list", "换列表：冲突、未采纳、已解决", "Next list: conflicts, refused, settled", "t", "f5"),
        _c("offer", "offer", "重新提交", "offer again", "重新提交未采纳的变更，写理由", "Offer a refused change again, and say why", "r", "f10", records=True),
        _c("text_up", "scroll_text(-1)", "文字上翻", "text up", "内容上翻一页", "Scroll the values up", "[", bar=False),
        _c("text_down", "scroll_text(1)", "文字下翻", "text down", "内容下翻一页", "Scroll the values down", "]"),
    ),
    "sync": (
        _c("sync", "sync", "同步", "sync", "与中心库同步；在后台进行，可以继续检查", "Sync with the central store, in the background: go on inspecting", "s", "1"),
        _c("merge", "merge", "合并", "merge", "合并工作区、数据库文件或数据包，先预览", "Merge a workspace, a database file or bundles, after a preview", "m", "2", records=True),
        _c("bundle", "bundle", "数据包", "bundle", "在 U 盘上制作加密的数据包", "Make a sealed bundle on a stick", "b", "3"),
        _c("join", "join", "加入团队", "join", "粘贴邀请码，加入团队", "Paste an invitation code and join the team", "t", "4", records=True),
        _c("automatic", "automatic", "自动", "auto", "每隔几分钟自动同步：关、5、15、60", "Sync by itself every 5, 15 or 60 minutes, or never", "a", "5"),
        _c("conflicts", "conflicts", "冲突", "conflicts", "到冲突和未采纳的变更", "To the conflicts and refused changes", "c", "6"),
        _c("cancel", "cancel", "取消传送", "cancel", "取消正在进行的传送；已确认的部分不会重传", "End the exchange under way; what was acknowledged is not sent again", "x", "7", "escape"),
    ),
    "carrying": (
        _c("cancel", "cancel", "取消", "cancel", "取消；已存盘的部分保留", "End it; what is on disk stays", "escape", "x"),
    ),
    "photo_view": (
        _c("before", "step(-1)", "上一张", "previous", "上一张照片", "The photo before", "[", "left"),
        _c("after", "step(1)", "下一张", "next", "下一张照片", "The next photo", "]", "right", "space"),
        _BACK,
    ),
    "help": (_BACK,),
}  # fmt: skip


def textual_keys(keys: tuple[str, ...]) -> str:
    """The keys as Textual names them, with what an input method sends instead, joined with commas."""
    names: list[str] = []
    for key in keys:
        names.append(_TEXTUAL.get(key, key))
        names += _TWINS.get(key, ())
    return ",".join(names)


def bindings(place: str) -> list[Binding]:
    """The bindings of a place, for the `BINDINGS` of its screen or widget."""
    return [
        Binding(
            textual_keys(command.keys),
            command.action,
            command.name.zh,
            id=f"{place}.{command.id}",
            tooltip=command.tip.zh,
            show=command.bar,
            priority=place == "app" and command.id == "quit",
        )
        for command in COMMANDS[place]
    ]


def shown_key(key: str) -> str:
    """A key as a person reads it: `F10`, `^P`, `]`."""
    if key in _SHOWN:
        return _SHOWN[key]
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+").upper()
    if key.startswith("shift+"):
        return "Shift+" + shown_key(key.removeprefix("shift+"))
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return key


def shown_keys(command: Command) -> str:
    """All keys of a command as a person reads them."""
    return " / ".join(shown_key(key) for key in command.keys)


def of_place(place: str) -> Iterator[Command]:
    """The commands that hold in a place, its own before those that hold everywhere."""
    yield from COMMANDS.get(place, ())
    yield from COMMANDS["app"]
