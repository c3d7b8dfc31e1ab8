"""What happens in the demo: two inspectors, three visits, photos with their flaws. All of it is invented.

The visits are written as the JSON files that `inspection load` takes, so the demo also shows that door.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inspect_tui.records.files import write_atomically
from inspect_tui.records.times import SHANGHAI

if TYPE_CHECKING:
    from pathlib import Path

    from checklists.model import Catalogue

LI: Final = {"name": "李静", "badge": "14110200001"}
WANG: Final = {"name": "王强", "badge": "14110200002"}
ZHAO: Final = {"name": "赵敏", "badge": "14110000009"}
AREA: Final = "141102"
CITY: Final = "141100"
RISKS: Final = {"solid_waste_yard": "high", "outfall": "high", "construction_site": "low"}
SEED: Final = "2026-317-482"
DRAW: Final = "十二月双随机（演示）"


@dataclass(frozen=True, slots=True)
class Shot:
    """A photo made on the spot.

    Attributes:
        name: Of the file.
        place: (latitude, longitude) in WGS-84 degrees; None: the camera had no position.
        at: Local time of exposure.
        text: Written into the picture.
    """

    name: str
    place: tuple[float, float] | None
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One inspection.

    Attributes:
        file: Name of the JSON file.
        said: Everything but the answers, as `inspection load` takes it.
        answers: Item → what is said of it; every other item passes.
    """

    file: str
    said: dict[str, Any]
    answers: dict[str, dict[str, Any]]


SHOTS: Final = (
    Shot("dust-fence.jpg", (37.5190, 111.1503), "2026-11-20T09:25:00", "CD-101"),
    Shot("dust-pile.jpg", (37.5187, 111.1500), "2026-11-20T09:40:00", "CD-201"),
    Shot("outfall-sample.jpg", (37.5241, 111.1322), "2026-11-19T14:30:00", "RO-304"),
    Shot("waste-face.jpg", (37.4913, 111.2204), "2026-11-18T10:20:00", "SW-301"),
    Shot("waste-leachate-far.jpg", (37.5602, 111.2810), "2026-11-18T10:45:00", "SW-404"),
    Shot("waste-no-position.jpg", None, "2026-11-18T10:50:00", "SW-404"),
)

DUST: Final = Visit(
    "dust.json",
    {
        "site": {
            "name": "滨河路管网改造工程（演示）",
            "kind": "construction_site",
            "area": AREA,
            "address": "离石区滨河路",
            "longitude": "111.150200",
            "latitude": "37.518900",
            "responsible_party": "演示建设有限公司",
            "attributes": {"road_class": "main"},
        },
        "checklist": "construction-dust",
        "started_at": "2026-11-20T09:10:00+08:00",
        "ended_at": "2026-11-20T10:25:00+08:00",
        "officers": [LI, WANG],
        "present": {"name": "张工", "role": "项目经理", "signature": "signed"},
        "submit": True,
    },
    {
        "CD-101": {
            "verdict": "fail",
            "reason": "北侧围挡缺口约 12 m",
            "value": "12",
            "unit": "m",
            "photos": ["photos/dust-fence.jpg"],
            "finding": {"description": "北侧围挡缺口约 12 m，用彩布代替硬质围挡", "due_date": "2026-11-27"},
        },
        "CD-201": {
            "verdict": "fail",
            "reason": "砂石堆约 40% 未覆盖",
            "value": "60",
            "unit": "%",
            "photos": ["photos/dust-pile.jpg"],
            "finding": {
                "description": "砂石堆约 40% 未覆盖",
                "disposal": "transfer",
                "transfer_to": "住房城乡建设部门",
            },
        },
        "CD-502": {"verdict": "n_a", "reason": "本工程无拆除、破碎作业"},
    },
)
OUTFALL: Final = Visit(
    "outfall.json",
    {
        "site": {
            "name": "北川河右岸工业排污口（演示）",
            "kind": "outfall",
            "area": AREA,
            "address": "离石区北川河右岸",
            "longitude": "111.132100",
            "latitude": "37.524000",
            "responsible_party": "演示化工有限公司",
            "attributes": {"outfall_type": "industrial", "river": "北川河"},
        },
        "checklist": "river-outfall",
        "started_at": "2026-11-19T14:00:00+08:00",
        "ended_at": "2026-11-19T15:40:00+08:00",
        "officers": [WANG, LI],
        "present": {"name": "", "role": "环保专员", "signature": "refused", "reason": "拒绝签字，已录像"},
        "submit": True,
    },
    {
        "RO-304": {
            "verdict": "fail",
            "reason": "化学需氧量快检 52 mg/L，待实验室结果",
            "value": "52.0",
            "unit": "mg/L",
            "quick_test": True,
            "sample": {"number": "Y-031", "point": "排放口", "laboratory": "演示监测站", "status": "sent"},
            "photos": ["photos/outfall-sample.jpg"],
            "finding": {"description": "化学需氧量快检 52 mg/L，疑似超过 40 mg/L", "due_date": "2026-12-04"},
        },
        "RO-305": {"verdict": "pass", "value": "1.2", "unit": "mg/L"},
    },
)
WASTE: Final = Visit(
    "waste.json",
    {
        "site": {
            "name": "西沟煤矸石堆场（演示）",
            "kind": "solid_waste_yard",
            "area": AREA,
            "address": "离石区西沟",
            "longitude": "111.220300",
            "latitude": "37.491200",
            "responsible_party": "演示煤业有限公司",
            "attributes": {"waste_class": "I", "waste_type": "煤矸石"},
        },
        "checklist": "solid-waste-storage",
        "started_at": "2026-11-18T10:00:00+08:00",
        "ended_at": "2026-11-18T12:05:00+08:00",
        "officers": [WANG, LI],
        "present": {"name": "", "role": "场长", "signature": "absent", "reason": "负责人不在场，由值班员陪同"},
        "submit": True,
    },
    {
        "SW-301": {
            "verdict": "fail",
            "reason": "作业面裸露约 3000 m²，无喷淋",
            "photos": ["photos/waste-face.jpg"],
            "finding": {
                "description": "作业面裸露约 3000 m²，无喷淋",
                "severity": "major",
                "due_date": "2026-11-25",
            },
        },
        "SW-404": {
            "verdict": "fail",
            "reason": "淋溶水外溢 1 处",
            "value": "1",
            "unit": "处",
            # Far from the site, without a position, and used before: the warnings that evidence can carry.
            "photos": ["photos/waste-leachate-far.jpg", "photos/waste-no-position.jpg", "photos/waste-face.jpg"],
            "finding": {"description": "淋溶水沿沟外溢，未收集", "due_date": "2026-12-03"},
        },
    },
)


def make_photos(folder: Path) -> list[Path]:
    """Make the photos of `SHOTS`; the same bytes every time."""
    from inspect_tui.photos.synthetic import make_photo

    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for number, shot in enumerate(SHOTS):
        latitude, longitude = shot.place or (None, None)
        make_photo(
            folder / shot.name,
            latitude=latitude,
            longitude=longitude,
            altitude=None if shot.place is None else 930.0,
            taken_at=dt.datetime.fromisoformat(shot.at).replace(tzinfo=SHANGHAI),
            text=shot.text,
            seed=number,
        )
        made.append(folder / shot.name)
    return made


def write_visit(folder: Path, visit: Visit, catalogue: Catalogue) -> Path:
    """Write a visit as a file for `inspection load`; items that it does not speak of pass."""
    checklist = catalogue.checklist(visit.said["checklist"])
    answers = [{"item": item.id, **visit.answers.get(item.id, {"verdict": "pass"})} for item in checklist.items()]
    path = folder / visit.file
    text = json.dumps({**visit.said, "answers": answers}, ensure_ascii=False, indent=2)
    write_atomically(path, text.encode() + b"\n")
    return path
