"""Tables, cells, columns and their values in the words of those who wrote them, for conflicts, refusals and histories."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from inspect_tui.records import times
from inspect_tui.records.model import (
    DISPOSALS,
    FOLLOW_UP_KINDS,
    RISK_CLASSES,
    SAMPLE_STATUSES,
    SEVERITIES,
    SIGNATURES,
    STATES,
    STATUSES,
    VERDICTS,
)
from inspect_tui.records.tables import SCHEMA
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from inspect_tui.records.workspace import Workspace


class WordLine(NamedTuple):
    """One line of a value: what it is called, and what it says."""

    label: Text
    value: Text


NOTHING: Final = Text("（空）", "(nothing)")

TABLES: Final = {
    "adoptions": Text("采信", "adoption"),
    "revocations": Text("吊销", "revocation"),
    "purges": Text("清除", "purge"),
    "sites": Text("检查对象", "site"),
    "checklist_versions": Text("检查表文本", "text of a checklist"),
    "published_checklists": Text("发布的检查表", "published checklist"),
    "carry_overs": Text("换用检查表版本", "change of checklist version"),
    "inspections": Text("检查", "inspection"),
    "answers": Text("检查结果", "answer"),
    "findings": Text("问题", "finding"),
    "photos": Text("照片", "photo"),
    "follow_ups": Text("整改跟踪", "follow-up"),
    "sample_results": Text("样品结果", "sample result"),
    "reviews": Text("审核意见", "review"),
    "resolutions": Text("冲突的解决", "settlement of a conflict"),
    "officers": Text("人员", "officer"),
    "tasks": Text("任务", "task"),
    "draws": Text("随机抽取", "random draw"),
    "same_sites": Text("同一对象", "same site"),
    "offers": Text("重新提交", "offer"),
}

CELLS: Final = {
    "accepted": Text("认可到", "accepted up to"),
    "role": Text("角色", "role"),
    "address": Text("地址", "address"),
    "after": Text("换用后", "afterwards"),
    "algorithm": Text("算法", "algorithm"),
    "amounts": Text("抽取数量", "amounts"),
    "area": Text("行政区", "area"),
    "at": Text("时间", "time"),
    "attributes": Text("属性", "attributes"),
    "badge": Text("执法证号", "badge number"),
    "barred": Text("回避", "barred"),
    "basis": Text("依据", "basis"),
    "before": Text("换用前", "before"),
    "caption": Text("照片说明", "caption"),
    "checklist": Text("检查表", "checklist"),
    "closed_at": Text("销号时间", "closed at"),
    "competent_authority": Text("主管部门", "competent authority"),
    "contact_phone": Text("联系电话", "telephone"),
    "content": Text("内容", "content"),
    "description": Text("问题描述", "description"),
    "device": Text("设备", "device"),
    "digest": Text("校验值", "digest"),
    "disposal": Text("处理方式", "disposal"),
    "draw": Text("所属抽取", "draw"),
    "due_date": Text("整改期限", "due date"),
    "ended_at": Text("结束时间", "end"),
    "exif": Text("拍摄信息", "EXIF"),
    "file": Text("文件", "file"),
    "filters": Text("筛选条件", "filters"),
    "finding": Text("所属问题", "finding"),
    "follow_up": Text("所属跟踪", "follow-up"),
    "found_at": Text("发现时间", "found at"),
    "frozen": Text("固定文本", "frozen text"),
    "further": Text("其他测量值", "further values"),
    "inspection": Text("所属检查", "inspection"),
    "item": Text("检查项", "item"),
    "items": Text("涉及的项", "items"),
    "kind": Text("类型", "kind"),
    "loaded": Text("载入来源", "loaded from"),
    "made": Text("制作", "made"),
    "measurement": Text("测量值", "measured value"),
    "name": Text("名称", "name"),
    "new_due_date": Text("新期限", "new due date"),
    "note": Text("备注", "note"),
    "officer": Text("人员", "officer"),
    "officers": Text("执法人员", "officers"),
    "pair": Text("归并的两条", "the pair"),
    "people": Text("人员", "people"),
    "per_site": Text("每处人数", "officers per site"),
    "phash": Text("相似特征", "perceptual hash"),
    "photo_waiver": Text("无照片的理由", "why no photo"),
    "population": Text("抽取总体", "population"),
    "population_digest": Text("总体校验值", "digest of the population"),
    "position": Text("位置", "position"),
    "present": Text("被检查方", "other party"),
    "published": Text("发布", "publication"),
    "reason": Text("理由", "reason"),
    "report": Text("检测报告", "report"),
    "responsible_party": Text("责任单位", "responsible party"),
    "result": Text("结论", "result"),
    "risk_class": Text("风险等级", "risk class"),
    "sample": Text("样品", "sample"),
    "sample_number": Text("样品编号", "sample number"),
    "seed": Text("随机种子", "seed"),
    "severity": Text("严重程度", "severity"),
    "sha256": Text("SHA-256", "SHA-256"),
    "site": Text("检查对象", "site"),
    "started_at": Text("开始时间", "start"),
    "state": Text("状态", "state"),
    "status": Text("状态", "status"),
    "target": Text("所解决的字段", "what it settles"),
    "task": Text("任务", "task"),
    "team": Text("团队", "team"),
    "text": Text("内容", "text"),
    "title": Text("名称", "title"),
    "undone": Text("撤销的版本", "version taken back"),
    "uscc": Text("统一社会信用代码", "credit code"),
    "verdict": Text("检查结果", "verdict"),
    "version": Text("版本", "version"),
    "void": Text("作废", "voiding"),
    "warning_codes": Text("提醒代码", "warning codes"),
    "warnings": Text("提醒", "warnings"),
    "withdrawn": Text("撤回", "withdrawal"),
    "zone": Text("时区", "time zone"),
}

COLUMNS: Final = {
    "altitude": Text("海拔", "altitude"),
    "amount_by": Text("抽取方式", "drawn by"),
    "badges": Text("执法证号", "badge numbers"),
    "below_detection": Text("检出限", "detection limit"),
    "camera": Text("相机", "camera"),
    "cell_name": Text("字段", "cell"),
    "checklist_version": Text("检查表版本", "checklist version"),
    "comparator": Text("比较", "comparator"),
    "datum": Text("坐标系", "datum"),
    "direction": Text("方向", "direction"),
    "due_reason": Text("期限理由", "why then"),
    "exceedance": Text("超标", "exceedance"),
    "file_name": Text("文件名", "file name"),
    "gps_time": Text("卫星时间", "GPS time"),
    "height": Text("高", "height"),
    "inspectors": Text("执法人员", "inspectors"),
    "item_set": Text("检查范围", "item set"),
    "item_title": Text("检查项（中）", "item, Chinese"),
    "item_title_en": Text("检查项（英）", "item, English"),
    "joined": Text("归并的", "joined"),
    "judgement": Text("判定", "judgement"),
    "kept": Text("保留的", "kept"),
    "laboratory": Text("实验室", "laboratory"),
    "latitude": Text("纬度", "latitude"),
    "legal_basis": Text("法律依据", "legal basis"),
    "limit_basis": Text("限值依据", "basis of the limit"),
    "limit_source": Text("限值来源", "source of the limit"),
    "limit_value": Text("限值", "limit"),
    "loaded_digest": Text("文件校验值", "digest of the file"),
    "loaded_file": Text("文件", "file"),
    "longitude": Text("经度", "longitude"),
    "made_at": Text("制作时间", "made at"),
    "made_by": Text("制作人", "made by"),
    "media_type": Text("格式", "media type"),
    "new_frozen": Text("新固定文本", "new frozen text"),
    "new_version": Text("新版本", "new version"),
    "old_frozen": Text("旧固定文本", "old frozen text"),
    "old_version": Text("旧版本", "old version"),
    "orientation": Text("方位标记", "orientation"),
    "photographer": Text("拍摄人", "photographer"),
    "place": Text("地点", "place"),
    "plan_section": Text("规划出处", "plan section"),
    "population_count": Text("总体数量", "size of the population"),
    "population_sha256": Text("总体校验值", "digest of the population"),
    "position_source": Text("位置来源", "source of the position"),
    "position_state": Text("位置状态", "state of the position"),
    "present_name": Text("在场人", "who was present"),
    "present_reason": Text("情况说明", "circumstances"),
    "present_role": Text("职务", "their role"),
    "proves": Text("证明事项", "what it proves"),
    "published_at": Text("发布时间", "published at"),
    "published_badge": Text("发布人证号", "badge number"),
    "published_by": Text("发布人", "published by"),
    "published_note": Text("发布说明", "note"),
    "published_programme": Text("发布程序", "programme"),
    "quantity": Text("测量项", "quantity"),
    "quick_test": Text("快检", "quick test"),
    "recorded_by": Text("记录人", "recorded by"),
    "report_number": Text("报告编号", "report number"),
    "reported_at": Text("报告时间", "reported at"),
    "row_id": Text("记录编号", "row id"),
    "sample_laboratory": Text("实验室", "laboratory"),
    "sample_point": Text("采样点", "sampling point"),
    "sample_status": Text("样品状态", "status of the sample"),
    "seed_source": Text("种子来源", "source of the seed"),
    "signature": Text("签字", "signature"),
    "size": Text("大小", "size"),
    "software": Text("软件", "software"),
    "source": Text("原文", "source"),
    "state_at": Text("时间", "at"),
    "state_by": Text("办理人证号", "by"),
    "state_reason": Text("理由", "reason"),
    "status_at": Text("时间", "at"),
    "suspected": Text("疑似", "suspected"),
    "table_name": Text("表", "table"),
    "taken_at": Text("拍摄时间", "taken at"),
    "taken_at_offset_source": Text("时区来源", "source of the zone"),
    "title_en": Text("英文名称", "English title"),
    "transfer_to": Text("移送至", "transferred to"),
    "typed_datum": Text("原填坐标系", "datum as typed"),
    "typed_latitude": Text("原填纬度", "latitude as typed"),
    "typed_longitude": Text("原填经度", "longitude as typed"),
    "unit": Text("单位", "unit"),
    "value": Text("数值", "value"),
    "verdict_source": Text("判定来源", "source of the verdict"),
    "void_at": Text("作废时间", "voided at"),
    "void_by": Text("作废人证号", "voided by"),
    "void_reason": Text("作废理由", "why void"),
    "width": Text("宽", "width"),
    "withdrawn_at": Text("撤回时间", "withdrawn at"),
    "withdrawn_badge": Text("撤回人证号", "badge number"),
    "withdrawn_by": Text("撤回人", "withdrawn by"),
    "withdrawn_reason": Text("撤回理由", "why withdrawn"),
}

_YES_NO: Final = {0: Text("否", "no"), 1: Text("是", "yes")}
_JOINED: Final = {"joined": Text("归并", "joined"), "parted": Text("分开", "parted")}
_VALUES: Final[Mapping[str, Mapping[Any, Text]]] = {
    "verdict": VERDICTS,
    "judgement": VERDICTS,
    "verdict_source": {
        "officer": Text("执法人员判定", "the officer"),
        "limit": Text("按限值判定", "the limit"),
        "suspected": Text("疑似", "suspected"),
    },
    "state": STATES | _JOINED,
    "severity": SEVERITIES,
    "disposal": DISPOSALS,
    "status": STATUSES,
    "signature": SIGNATURES,
    "sample_status": SAMPLE_STATUSES,
    "risk_class": RISK_CLASSES,
    "quick_test": _YES_NO,
    "suspected": _YES_NO,
    "result": {"passed": Text("通过", "passed"), "failed": Text("未通过", "failed")},
    "kind": FOLLOW_UP_KINDS
    | {"approved": Text("通过", "approved"), "returned": Text("退回", "returned"), "note": Text("批注", "note")},
    "item_set": {"standard": Text("常规", "standard"), "full": Text("全项", "full")},
}
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}Z")
_SITES: Final = frozenset({"site", "kept", "joined"})
_SHORT: Final = 60


def table_name(table: str) -> Text:
    """What a table holds; its name in the database where a newer programme made it."""
    return TABLES.get(table, Text(table, table))


def cell_name(table: str, cell: str) -> Text:
    """What a cell is called."""
    if (table, cell) == ("officers", "name"):
        return Text("姓名", "name")
    return CELLS.get(cell, Text(cell, cell))


def words_of(column: str) -> Mapping[Any, Text]:
    """What the values of a column are called, where it takes but a few."""
    return _VALUES.get(column, {})


def column_name(column: str) -> Text:
    """What a column of a group is called."""
    return COLUMNS.get(column) or CELLS.get(column, Text(column, column))


def value_lines(table: str, cell: str, value: Any, *, workspace: Workspace | None = None) -> list[WordLine]:
    """A value as labelled lines; columns without a value are left out.

    Args:
        table: Of the cell.
        cell: The cell, a group or a single column.
        value: As changes have it.
        workspace: Where names of sites and kinds and private values are looked up.
    """
    known = SCHEMA.by_name[table].by_name.get(cell) if table in SCHEMA.by_name else None
    if known is not None and known.columns and isinstance(value, dict):
        lines = [
            WordLine(column_name(name), _said(name, value[name], workspace))
            for name in known.column_names()
            if value.get(name) is not None
        ]
        return lines or [WordLine(cell_name(table, cell), NOTHING)]
    if value is None or value in ("", [], {}):
        return [WordLine(cell_name(table, cell), NOTHING)]
    if isinstance(value, dict):
        return [WordLine(Text(name, name), one) for name, one in _entries(value, workspace)]
    return [WordLine(cell_name(table, cell), _said(cell, value, workspace))]


def _entries(value: Mapping[str, Any], workspace: Workspace | None) -> Iterator[tuple[str, Text]]:
    for name, part in value.items():
        if isinstance(part, dict):
            said = [
                (column_name(one), _said(one, each, workspace)) for one, each in part.items() if each is not None
            ]
            zh = "，".join(f"{label.zh} {text.zh}" for label, text in said)
            en = ", ".join(f"{label.en} {text.en}" for label, text in said)
            yield name, Text(zh, en)
        else:
            yield name, _said(name, part, workspace)


def _said(column: str, value: Any, workspace: Workspace | None) -> Text:
    words = _VALUES.get(column, {})
    if isinstance(value, str | int) and value in words:
        return words[value]
    if isinstance(value, str):
        return _said_text(column, value, workspace)
    if isinstance(value, list):
        return _listed(value)
    text = json.dumps(value, ensure_ascii=False)
    return Text(text, text)


def _said_text(column: str, value: str, workspace: Workspace | None) -> Text:
    if _MOMENT.fullmatch(value):
        value = times.shown(value)
    elif column in {"contact_phone", "sha256"}:
        private = workspace.replica.get_private(value) if workspace is not None and column != "sha256" else None
        value = private or f"{value[:12]}…"
    elif column == "kind" and workspace is not None and value in workspace.catalogue.kinds:
        title = workspace.catalogue.kinds[value].title
        return Text(title.zh, title.en)
    elif column in _SITES and workspace is not None and (row := workspace.replica.row("sites", value)) is not None:
        value = f"{row.values['name']} {value}"
    return Text(value, value)


def _listed(values: list[Any]) -> Text:
    """A list as people write it: officers with badge numbers, problems as sentences."""
    zh: list[str] = []
    en: list[str] = []
    for one in values:
        if isinstance(one, dict) and {"name", "badge"} <= one.keys():
            zh.append(f"{one['name']} {one['badge']}")
            en.append(zh[-1])
        elif isinstance(one, dict) and {"zh", "en"} <= one.keys():
            zh.append(str(one["zh"]))
            en.append(str(one["en"]))
        else:
            zh.append(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False))
            en.append(zh[-1])
    return Text("；".join(zh), "; ".join(en))


def short_value(table: str, cell: str, value: Any, *, workspace: Workspace | None = None) -> Text:
    """A value in one short line."""
    lines = value_lines(table, cell, value, workspace=workspace)
    if len(lines) == 1:
        return Text(_cut(lines[0].value.zh), _cut(lines[0].value.en))
    return Text(
        _cut("，".join(f"{label.zh} {said.zh}" for label, said in lines)),
        _cut(", ".join(f"{label.en} {said.en}" for label, said in lines)),
    )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHORT else f"{line[:_SHORT]}…"
