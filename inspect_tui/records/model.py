"""What the actions take and give: plain values, no database, no screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from inspect_tui.texts import Refused, Text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Verdict: TypeAlias = Literal["pass", "fail", "n_a"]
ItemSet: TypeAlias = Literal["standard", "full"]
State: TypeAlias = Literal["draft", "submitted", "returned"]
Signature: TypeAlias = Literal["signed", "refused", "absent"]
Severity: TypeAlias = Literal["critical", "major", "minor"]
Disposal: TypeAlias = Literal["corrected", "order", "transfer", "case"]
Status: TypeAlias = Literal["open", "replied", "corrected", "closed", "transferred", "case", "void"]
FollowUpKind: TypeAlias = Literal["notice", "reply", "recheck", "extension", "closing", "void"]
RiskClass: TypeAlias = Literal["high", "medium", "low"]
TaskState: TypeAlias = Literal["assigned", "started", "done", "cancelled"]
Datum: TypeAlias = Literal["WGS-84", "CGCS2000", "GCJ-02", "BD-09"]

VERDICTS: dict[str, Text] = {
    "pass": Text("合格", "pass"),
    "fail": Text("不合格", "fail"),
    "n_a": Text("不适用", "n/a"),
}
STATES: dict[str, Text] = {
    "draft": Text("草稿", "draft"),
    "submitted": Text("已提交", "submitted"),
    "returned": Text("退回修改", "open for amendment"),
}
SIGNATURES: dict[str, Text] = {
    "signed": Text("已签字", "signed"),
    "refused": Text("拒绝签字", "refused to sign"),
    "absent": Text("不在场", "absent"),
}
SEVERITIES: dict[str, Text] = {
    "critical": Text("严重", "critical"),
    "major": Text("较重", "major"),
    "minor": Text("一般", "minor"),
}
DISPOSALS: dict[str, Text] = {
    "corrected": Text("当场改正", "corrected on the spot"),
    "order": Text("责令改正", "order to correct"),
    "transfer": Text("移送", "transfer"),
    "case": Text("立案建议", "proposal to open a case"),
}
STATUSES: dict[str, Text] = {
    "open": Text("待整改", "open"),
    "replied": Text("已回复待复查", "replied, to be rechecked"),
    "corrected": Text("当场改正", "corrected on the spot"),
    "closed": Text("已销号", "closed"),
    "transferred": Text("已移送", "transferred"),
    "case": Text("已建议立案", "case proposed"),
    "void": Text("作废", "void"),
}
FOLLOW_UP_KINDS: dict[str, Text] = {
    "notice": Text("责令改正", "notice"),
    "reply": Text("整改回复", "reply"),
    "recheck": Text("复查", "recheck"),
    "extension": Text("延期", "extension"),
    "closing": Text("销号", "closing"),
    "void": Text("作废", "void"),
}
RISK_CLASSES: dict[str, Text] = {
    "high": Text("高", "high"),
    "medium": Text("中", "medium"),
    "low": Text("低", "low"),
}
"""The bureau's own grading of a site; nothing in a checklist or a limit depends on it."""
TASK_STATES: dict[str, Text] = {
    "assigned": Text("待检查", "to be done"),
    "started": Text("检查中", "begun"),
    "done": Text("已完成", "done"),
    "cancelled": Text("已取消", "cancelled"),
}
SAMPLE_STATUSES: dict[str, Text] = {
    "taken": Text("已采样", "taken"),
    "sent": Text("已送检", "sent to the laboratory"),
    "received": Text("已收到结果", "result received"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is refused or warned about.

    Attributes:
        code: For scripts: `two_officers`, `photo_missing`, `far`, …
        zh: The sentence in Chinese.
        en: The same in English.
        item: The item that it concerns.
        field: The field that it concerns, for forms and loaded files.
    """

    code: str
    zh: str
    en: str
    item: str | None = None
    field: str | None = None

    def json(self) -> dict[str, str | None]:
        """As it is kept in a row and printed with `--json`."""
        return {"code": self.code, "zh": self.zh, "en": self.en, "item": self.item}


class RefusedByRules(Refused):
    """An action that the rules refuse, with every reason at once.

    Attributes:
        problems: The reasons, at least one.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("".join(problem.zh for problem in problems), " ".join(problem.en for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Officer:
    """A person with a badge number 执法证号."""

    name: str
    badge: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who recorded something that comes from a file: the file speaks, so that two laptops loading it agree to the byte.

    Attributes:
        officer: Who recorded it on the spot.
        device: What it was recorded with.
        at: Aware time at which it was recorded.
    """

    officer: Officer
    device: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Present:
    """The other party's representative, or why nobody signed."""

    name: str = ""
    role: str = ""
    signature: Signature = "signed"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TypedPosition:
    """A position as somebody typed it.

    Attributes:
        longitude: Decimal degrees as typed.
        latitude: Decimal degrees as typed.
        datum: What the source counts in: GPS WGS-84, 天地图 CGCS2000, 高德/腾讯 GCJ-02, 百度 BD-09.
        source: `manual`, `gps`, or who else gave it.
    """

    longitude: str
    latitude: str
    datum: Datum = "WGS-84"
    source: str = "manual"


@dataclass(frozen=True, slots=True)
class SiteInput:
    """What is known about a site."""

    name: str
    kind: str
    area: str
    address: str = ""
    position: TypedPosition | None = None
    uscc: str = ""
    responsible_party: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    contact_phone: str = ""
    """Personal data: kept beside the photos, never in the log."""
    risk_class: str = ""
    """`high`, `medium`, `low`, or empty: the bureau's own grading."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample taken for the laboratory."""

    number: str
    point: str = ""
    laboratory: str = ""
    status: str = "taken"


@dataclass(frozen=True, slots=True)
class FindingInput:
    """A finding as an officer writes it; what is None is taken from the item."""

    description: str
    severity: Severity | None = None
    disposal: Disposal = "order"
    transfer_to: str = ""
    due_date: str | None = None
    due_reason: str = ""
    competent_authority: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerInput:
    """What an officer says about one item. None leaves what is recorded as it is; the empty string takes it away.

    Attributes:
        verdict: Without one, a sourced limit may give it, and an officer's verdict stays.
        reason: Why it fails or does not apply; `note` serves as well.
        note: Anything worth recording.
        value: Decimal, as text, of the quantity `quantity`.
        unit: Unit of `value`; None means the item's own.
        below_detection: Detection limit, as text, where the quantity was not detected.
        quantity: Id of the item's measurement; None means the first one with that unit.
        quick_test: A field test 快检, with the laboratory to follow; a sample not yet back says so too.
        sample: A sample for the laboratory.
        photo_waiver: Why a failed item has no photo.
    """

    verdict: Verdict | None = None
    reason: str | None = None
    note: str | None = None
    value: str | None = None
    unit: str | None = None
    below_detection: str | None = None
    quantity: str | None = None
    quick_test: bool = False
    sample: Sample | None = None
    photo_waiver: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """What recording an answer gave.

    Attributes:
        answer: Row id.
        verdict: The verdict now in force, None where there is none.
        suspected: A plan figure or a quick test exceeds its limit: to be confirmed by the officer.
        warnings: Such as a value outside the limit beside a pass.
    """

    answer: str
    verdict: Verdict | None
    suspected: bool
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """What submitting an inspection would say, or said.

    Attributes:
        inspection: Row id.
        refusals: Why it cannot be submitted; empty when it can.
        warnings: What goes into the record with it.
        findings: Ids of findings that were written from failed items.
    """

    inspection: str
    refusals: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """What became of one file that was to be attached.

    Attributes:
        path: The file.
        photo: Row id, None when it was refused.
        sha256: Of its bytes, None when it could not be read.
        already: It was attached to this very item before; nothing was written.
        warnings: Codes with sentences: no position, far, reused, …
        refusal: Why it was not attached.
    """

    path: Path
    photo: str | None
    sha256: str | None
    already: bool = False
    warnings: tuple[Problem, ...] = ()
    refusal: Problem | None = None


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What became of one inspection of a loaded file.

    Attributes:
        line: First line of the object in the file, from 1.
        inspection: Row id, None when it was refused.
        created: Whether anything was written; False for one loaded before.
        problems: Refusals when `inspection` is None, else warnings.
    """

    line: int
    inspection: str | None
    created: bool
    problems: tuple[Problem, ...] = ()
