"""What a loaded file says, as the actions take it."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from inspect_tui.records.load_format import LoadedPhoto
from inspect_tui.records.model import AnswerInput, FindingInput, Sample, SiteInput, TypedPosition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from inspect_tui.records.load_format import LoadedAnswer, LoadedFinding, LoadedInspection, LoadedSite
    from inspect_tui.records.load_json import Steps


def digest_of(said: LoadedInspection) -> str:
    """SHA-256 of what an inspection says; of photo paths only the names, so that a moved folder is no difference."""

    def named(value: Any) -> Any:
        if isinstance(value, list):
            return [named(part) for part in value]
        if isinstance(value, dict):
            return {
                key: [_base(photo) for photo in part] if key == "photos" else named(part)
                for key, part in value.items()
            }
        return value

    tree = named(msgspec.to_builtins(said))
    return hashlib.sha256(msgspec.json.encode(tree, order="sorted")).hexdigest()


def _base(photo: Any) -> Any:
    if isinstance(photo, dict):
        return {**photo, "path": PurePath(str(photo["path"])).name}
    return PurePath(str(photo)).name


def texts_of(tree: Any, path: Steps) -> Iterator[tuple[Steps, str]]:
    """Every text in a tree, with where it stands."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from texts_of(value, [*path, key])
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from texts_of(value, [*path, index])


def path_of(photo: str | LoadedPhoto) -> str:
    """The path of a photo, with or without a caption."""
    return photo.path if isinstance(photo, LoadedPhoto) else photo


def plain(number: Decimal | None) -> str | None:
    """A decimal as it was written; one with an absurd exponent stays in that notation and is refused later."""
    if number is None:
        return None
    return format(number, "f") if number.is_finite() and abs(number.adjusted()) < 60 else str(number)[:80]


def site_input(site: LoadedSite) -> SiteInput:
    """The site as `add_site` takes it."""
    position = None
    if site.longitude is not None or site.latitude is not None:
        position = TypedPosition(
            plain(site.longitude) or "", plain(site.latitude) or "", site.datum, site.position_source
        )
    return SiteInput(
        name=site.name,
        kind=site.kind,
        area=site.area,
        address=site.address,
        position=position,
        uscc=site.uscc,
        responsible_party=site.responsible_party,
        attributes=site.attributes,
        contact_phone=site.contact_phone,
    )


def answer_input(one: LoadedAnswer) -> AnswerInput:
    """The answer as `answer` takes it, its photos, findings and further quantities aside."""
    sample = one.sample
    return AnswerInput(
        verdict=one.verdict,
        reason=one.reason,
        note=one.note,
        value=plain(one.value),
        unit=one.unit,
        below_detection=plain(one.below_detection_limit),
        quantity=one.quantity,
        quick_test=one.quick_test,
        sample=Sample(sample.number, sample.point, sample.laboratory, sample.status) if sample else None,
        photo_waiver=one.photo_waiver,
    )


def finding_input(finding: LoadedFinding) -> FindingInput:
    """The finding as `add_finding` takes it."""
    return FindingInput(
        description=finding.description,
        severity=finding.severity,
        disposal=finding.disposal,
        transfer_to=finding.transfer_to,
        due_date=finding.due_date.isoformat() if finding.due_date else None,
        due_reason=finding.due_reason,
        competent_authority=finding.competent_authority,
    )
