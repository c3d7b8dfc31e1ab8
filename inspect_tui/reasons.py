"""What the operating system said of a file, in both languages."""

from __future__ import annotations

import errno
from typing import Final

from inspect_tui.texts import Text

_REASONS: Final = {
    "ENOENT": Text("文件或文件夹不存在", "there is no such file or folder"),
    "EACCES": Text("没有权限", "permission denied"),
    "EPERM": Text("系统不允许", "the system does not permit it"),
    "EISDIR": Text("这是文件夹", "it is a folder"),
    "ENOTDIR": Text("路径中有一段不是文件夹", "a part of the path is not a folder"),
    "EEXIST": Text("已存在", "it exists already"),
    "ENOTEMPTY": Text("文件夹不是空的", "the folder is not empty"),
    "ENOSPC": Text("磁盘空间不足", "no space is left on the disk"),
    "EDQUOT": Text("超出磁盘配额", "the disk quota is used up"),
    "EFBIG": Text("文件过大，该磁盘放不下", "the file is too large for that disk"),
    "EROFS": Text("该位置只能读取", "that place is read-only"),
    "EIO": Text("磁盘或存储卡出错", "the disk or card is faulty"),
    "ENAMETOOLONG": Text("文件名过长", "the file name is too long"),
    "ELOOP": Text("链接互相指向", "links point to each other"),
    "ENXIO": Text("设备不存在或没有读取者", "there is no such device, or nobody reads it"),
    "EMFILE": Text("打开的文件过多", "too many files are open"),
    "EBUSY": Text("正被占用", "it is in use"),
    "ETXTBSY": Text("正被占用", "it is in use"),
    "EXDEV": Text("不在同一磁盘上", "it is on another disk"),
    "EINVAL": Text("系统不接受这个文件名或操作", "the system does not take this name or operation"),
    "ESTALE": Text("网络文件夹已断开", "the network folder is gone"),
    "ENOTCONN": Text("网络文件夹已断开", "the network folder is gone"),
}


def reason_of(error: BaseException) -> Text:
    """Why the system refused, without a full stop; what it calls by a number alone is named by that number."""
    number = getattr(error, "errno", None)
    # By name: not every system has every number.
    known = _REASONS.get(errno.errorcode.get(number, "")) if isinstance(number, int) else None
    if known is not None:
        return known
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Text(f"系统错误 {number}" if number is not None else said, said)
