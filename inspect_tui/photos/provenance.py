"""Signs that a file is not what came out of a camera: names them, never judges.

The patterns are the names that chat and watermark programmes give to what they save, and the names that editing
programmes leave in the file. A file without such signs is not thereby an original.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_CHAT_NAMES: Final = (
    (
        re.compile(r"mmexport\d{10,}|wx_camera_\d{10,}|微信图片_?\d*|wechat(img|image|_)?\d*", re.IGNORECASE),
        "微信",
        "WeChat",
    ),
    (re.compile(r"QQ图片\d*|qq_?(pic|image|screenshot)|QQ截图\d*", re.IGNORECASE), "QQ", "QQ"),
    (re.compile(r"IMG-\d{8}-WA\d{4}|WhatsApp Image ", re.IGNORECASE), "WhatsApp", "WhatsApp"),
    (re.compile(r"lADP[\w-]{8,}|dingtalk|钉钉", re.IGNORECASE), "钉钉", "DingTalk"),
    (re.compile(r"photo_\d{4}-\d{2}-\d{2}_|telegram", re.IGNORECASE), "Telegram", "Telegram"),
    (re.compile(r"FB_IMG_\d{10,}|received_\d{10,}", re.IGNORECASE), "Facebook", "Facebook"),
    (re.compile(r"screen[ _-]?shot|截图|截屏|屏幕快照", re.IGNORECASE), "屏幕截图", "a screenshot"),
)
_WATERMARK: Final = re.compile(
    r"水印|今日水印|元道|马克相机|时间相机|经纬相机|工作相机|timemark|time\s?stamp camera|watermark|gps map camera|solocator",
    re.IGNORECASE,
)
_EDITORS: Final = re.compile(
    r"photoshop|lightroom|adobe bridge|camera raw|gimp|snapseed|picsart|meitu|美图|醒图|剪映|稿定|canva|pixelmator"
    r"|affinity|paint\.net|microsoft (windows )?(photo|paint)|windows photo editor|acdsee|picasa|vsco|facetune|topaz"
    r"|光影魔术手|可牛|xnview|irfanview|faststone|imagemagick|graphicsmagick|capture one|darktable|rawtherapee|luminar"
    r"|paintshop|paint shop|corel|photoscape|polarr|photodirector|remini|inkscape|krita",
    re.IGNORECASE,
)
_CHAT_SHORT_SIDES: Final = frozenset({720, 960, 1080, 1280, 1440})
_CHAT_LONG_SIDES: Final = frozenset({1280, 1440, 1600, 1707, 1920, 2560})

RECOMPRESSED: Final = Text(
    "没有任何拍摄信息，尺寸与聊天软件转发的图片相同", "it has no camera data and a chat programme's size"
)


def editor(names: Iterable[str | None]) -> str | None:
    """The first of these programme names that belongs to an editing programme."""
    return next((name for name in names if name and _EDITORS.search(name)), None)


def copy_made_by(name: str, notes: Iterable[str | None]) -> Text | None:
    """Which programme the name or the file's own notes point to, as a reason to doubt that it is an original.

    Args:
        name: Of the file.
        notes: Software, make, model, description as the file gives them.
    """
    for pattern, zh, en in _CHAT_NAMES:
        if pattern.match(name) or (pattern.search(name) and zh == "屏幕截图"):
            return Text(f"文件名像是{zh}", f"its name is like one from {en}")
    for note in (name, *notes):
        if note and (match := _WATERMARK.search(note)):
            return Text(f"水印相机（{match[0]}）", f"a watermark camera ({match[0]})")
    return None


def looks_recompressed(width: int | None, height: int | None) -> bool:
    """Whether a JPEG without any EXIF has a size to which chat programmes scale pictures."""
    if not width or not height:
        return False
    short, long = sorted((width, height))
    return long <= 2560 and (short in _CHAT_SHORT_SIDES or long in _CHAT_LONG_SIDES)
