"""The sentence behind every warning code, in both languages."""

from __future__ import annotations

from typing import Final

from inspect_tui.photos.model import PhotoWarning
from inspect_tui.texts import Text

TEXTS: Final[dict[str, Text]] = {
    "altitude_invalid": Text("海拔数值不可信，未采用。", "The altitude is not believable and was left out."),
    "cannot_read": Text("文件无法读取：{reason}", "The file cannot be read: {reason}"),
    "clock_off": Text(
        "相机时钟与卫星时间相差约 {minutes} 分钟，请核对拍摄时间。",
        "The camera clock and the GPS time differ by about {minutes} minutes; check when the photo was taken.",
    ),
    "datum_other": Text(
        "照片坐标的基准写作“{datum}”，不是 WGS-84，位置可能有偏移。",
        "The photo names the datum {datum}, not WGS-84; its position may be shifted.",
    ),
    "edited": Text("照片经软件处理过：{software}。", "The photo was processed by software: {software}."),
    "empty": Text("文件为空（0 字节）。", "The file is empty (0 bytes)."),
    "extension_mismatch": Text(
        "文件名后缀是 .{suffix}，内容却是 {format}。", "The name ends in .{suffix} but the content is {format}."
    ),
    "far": Text("拍摄位置距检查对象 {metres} 米。", "The photo was taken {metres} m from the site."),
    "far_shift": Text(
        "拍摄位置距检查对象 {metres} 米；若{side}其实是 {system} 坐标，两者就只差 {rest} 米，请核对坐标来源。",
        "The photo was taken {metres} m from the site; if the {side}'s coordinates were really {system}, only "
        "{rest} m would remain: check where they come from.",
    ),
    "gps_time_invalid": Text("卫星时间无法识别，未采用。", "The GPS time makes no sense and was left out."),
    "future": Text(
        "拍摄时间（{taken_at}）晚于本机时间，请核对相机和电脑的时钟。",
        "The photo was taken at {taken_at}, later than this computer's clock; check the clocks of both.",
    ),
    "name_not_utf8": Text(
        "文件名不是 UTF-8 文字，记作“{name}”；文件内容不受影响。",
        "The file name is not UTF-8 and is recorded as “{name}”; the file's bytes are as they were.",
    ),
    "no_preview": Text(
        "{format} 格式不生成预览，文件按原样保存。", "{format} files have no preview; the file is kept as it is."
    ),
    "not_image": Text("文件不是图像（{media_type}）。", "The file is not an image ({media_type})."),
    "not_original": Text(
        "照片可能不是相机原始文件：{reason}。", "The photo may not be the camera's original file: {reason}."
    ),
    "outside_area": Text("拍摄位置不在本行政区范围内。", "The photo was taken outside the area."),
    "outside_visit": Text(
        "拍摄时间（{taken_at}）不在本次检查时间内。", "The photo was taken at {taken_at}, outside the visit."
    ),
    "position_conflict": Text(
        "EXIF 与 XMP 中的位置相差 {metres} 米，采用 EXIF。",
        "EXIF and XMP positions differ by {metres} m; EXIF is used.",
    ),
    "position_invalid": Text(
        "照片中的位置数据无效，未采用。", "The photo's position data is invalid and was left out."
    ),
    "position_missing": Text("照片没有位置。", "The photo has no position."),
    "position_text": Text(
        "照片位置以非标准文本写成，已按度分秒读出，请核对。",
        "The photo's position is written as non-standard text; it was read as degrees, minutes, seconds: check it.",
    ),
    "position_unsigned": Text(
        "照片位置未写明南北半球、东西半球，按北纬、东经读出，请核对。",
        "The photo's position names no hemisphere; it was read as north and east: check it.",
    ),
    "readers_disagree": Text(
        "两个 EXIF 读取程序对“{field}”读出不同结果，未采用。",
        "Two EXIF readers give different values for {field}; none was used.",
    ),
    "reused": Text("同一照片文件已用于：{where}。", "The same photo file is already used in: {where}."),
    "similar": Text("与已用照片相似：{where}。", "Looks like a photo already used in: {where}."),
    "time_invalid": Text(
        "照片的拍摄时间无法识别，未采用。", "The time of exposure makes no sense and was left out."
    ),
    "time_missing": Text("照片没有拍摄时间。", "The photo has no time of exposure."),
    "too_large": Text(
        "图像过大（{width}×{height} 像素），未生成预览。",
        "The image is too large ({width}×{height} pixels) for a preview.",
    ),
    "too_slow": Text("图像解码超时，未生成预览。", "Decoding the image took too long; there is no preview."),
    "truncated": Text("文件不完整，末尾有缺失。", "The file is incomplete: its end is missing."),
    "unreadable": Text(
        "无法作为图像读取，文件按原样保存。", "Not readable as an image; the file is kept as it is."
    ),
}


LABELS: Final[dict[str, Text]] = {
    "altitude_invalid": Text("海拔不可信", "altitude not believable"),
    "cannot_read": Text("无法读取", "cannot be read"),
    "clock_off": Text("相机时钟不准", "camera clock off"),
    "datum_other": Text("坐标基准不同", "other datum"),
    "edited": Text("软件处理过", "edited"),
    "empty": Text("空文件", "empty"),
    "extension_mismatch": Text("后缀与内容不符", "name and content differ"),
    "far": Text("距对象远", "far from the site"),
    "far_shift": Text("疑似坐标系偏移", "datum shift suspected"),
    "future": Text("拍摄时间在将来", "dated in the future"),
    "gps_time_invalid": Text("卫星时间无效", "GPS time invalid"),
    "name_not_utf8": Text("文件名不是 UTF-8", "name not UTF-8"),
    "no_preview": Text("无预览", "no preview"),
    "not_image": Text("不是图像", "not an image"),
    "not_original": Text("疑非原始文件", "perhaps not original"),
    "outside_area": Text("不在行政区内", "outside the area"),
    "outside_visit": Text("不在检查时间内", "outside the visit"),
    "position_conflict": Text("位置前后不一", "positions differ"),
    "position_invalid": Text("位置无效", "position invalid"),
    "position_missing": Text("无位置", "no position"),
    "position_text": Text("位置为非标准文本", "position as text"),
    "position_unsigned": Text("位置缺半球", "position without hemisphere"),
    "readers_disagree": Text("读取结果不一", "readers disagree"),
    "reused": Text("重复使用", "used before"),
    "similar": Text("与已用照片相似", "like one used before"),
    "time_invalid": Text("拍摄时间无效", "time invalid"),
    "time_missing": Text("无拍摄时间", "no time"),
    "too_large": Text("图像过大", "too large"),
    "too_slow": Text("解码超时", "too slow to decode"),
    "truncated": Text("文件不完整", "incomplete"),
    "unreadable": Text("无法作为图像读取", "not readable as an image"),
}
"""A few words for each code, for a column of a table."""


def label(code: str) -> Text:
    """A few words for a code; the code itself where another device knows more of them."""
    return LABELS.get(code, Text(code, code))


def warn(code: str, **fields: object) -> PhotoWarning:
    """The warning `code`, its sentence filled in with `fields`; a `Text` among them is used in its own language."""
    template = TEXTS[code]
    zh = {name: value.zh if isinstance(value, Text) else value for name, value in fields.items()}
    en = {name: value.en if isinstance(value, Text) else value for name, value in fields.items()}
    return PhotoWarning(code, Text(template.zh.format(**zh), template.en.format(**en)))
