"""The columns of the findings CSV: fixed in this order, only ever added at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from inspect_tui.texts import Text

Headers = Literal["zh", "en", "code"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        code: For scripts; also the key in JSON.
        title: For people.
        number: Whether digits in it are a number to count with.
        free: Whether people wrote it, so that nothing in it is a number or a date.
    """

    code: str
    title: Text
    number: bool = False
    free: bool = False

    def header(self, headers: Headers) -> str:
        """What stands in the first line."""
        return {"zh": self.title.zh, "en": self.title.en, "code": self.code}[headers]


def _column(code: str, zh: str, en: str, *, number: bool = False, free: bool = False) -> Column:
    return Column(code, Text(zh, en), number, free)


COLUMNS: Final = (
    _column("finding_id", "问题编号", "Finding"),
    _column("inspection_id", "检查编号", "Inspection"),
    _column("area_code", "行政区代码", "Area code"),
    _column("area_name", "行政区", "Area"),
    _column("site_id", "对象编号", "Site id"),
    _column("site_name", "检查对象", "Site", free=True),
    _column("site_kind", "对象类型", "Kind of site"),
    _column("uscc", "统一社会信用代码", "Unified social credit code"),
    _column("checklist_id", "检查表", "Checklist"),
    _column("checklist_version", "检查表版本", "Checklist version"),
    _column("item_id", "检查项编号", "Item"),
    _column("item_title", "检查项", "Item title", free=True),
    _column("legal_basis", "法律依据", "Legal basis"),
    _column("plan_section", "规划章节", "Section of the plan"),
    _column("severity", "严重程度", "Severity"),
    _column("description", "问题描述", "Description", free=True),
    _column("competent_authority", "主管部门", "Competent authority", free=True),
    _column("disposal", "处置方式", "Disposal"),
    _column("transfer_to", "移送单位", "Transferred to", free=True),
    _column("measured_value", "实测值", "Measured value", number=True),
    _column("unit", "单位", "Unit"),
    _column("limit_value", "限值", "Limit", number=True),
    _column("exceedance", "超标倍数", "Exceedance", number=True),
    _column("status", "状态", "Status"),
    _column("found_at", "发现时间", "Found at"),
    _column("due_date", "整改期限", "Due date"),
    _column("closed_at", "销号时间", "Closed at"),
    _column("overdue_days", "超期天数", "Days overdue", number=True),
    _column("longitude", "经度", "Longitude", number=True),
    _column("latitude", "纬度", "Latitude", number=True),
    _column("position_source", "位置来源", "Source of position"),
    _column("inspectors", "检查人员", "Inspectors", free=True),
    _column("badges", "执法证号", "Badges"),
    _column("device", "设备", "Device"),
    _column("photo_count", "照片数", "Photos", number=True),
    _column("photo_sha256", "照片SHA-256", "SHA-256 of photos"),
    _column("warnings", "照片警告", "Warnings on photos"),
    _column("conflict", "冲突字段", "Cells in conflict"),
)
CODES: Final = tuple(column.code for column in COLUMNS)
