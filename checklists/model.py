"""What is asked: checklists, sections, items, measurements and limits, as plain frozen values.

The same shapes are read from YAML, frozen into a submitted inspection and described by the JSON Schema. Nothing here
does input or output. Every text stands in Chinese and English beside each other; every number is a decimal string.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec

from checklists.conditions import Condition
from checklists.errors import UnknownIdError
from checklists.register import Law, LegalReference, Register
from checklists.text import Language, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Area",
    "Attribute",
    "AttributeValue",
    "Basis",
    "Box",
    "Catalogue",
    "Checklist",
    "Comparator",
    "Condition",
    "Item",
    "Language",
    "Law",
    "LegalReference",
    "Limit",
    "Measurement",
    "PhotoNeed",
    "PlanCitation",
    "Register",
    "Section",
    "Severity",
    "SiteKind",
    "Text",
    "Verdict",
]

Severity: TypeAlias = Literal["critical", "major", "minor"]
Comparator: TypeAlias = Literal["<", "<=", "=", ">=", ">", "range"]
Basis: TypeAlias = Literal["standard", "plan", "permit", "tool_default"]
Verdict: TypeAlias = Literal["pass", "fail", "n_a"]

Decimal: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", max_length=40)]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
ItemId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2,4}-[0-9]{3}$")]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=99)]
Days: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=3650)]


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure that a measured value is held against, and where the figure comes from."""

    comparator: Comparator
    """How a compliant value relates to the limit; `range` includes both ends."""
    value: Decimal | None = None
    """The figure, in the unit of the measurement; absent for a range."""
    low: Decimal | None = None
    """Lower end of a range."""
    high: Decimal | None = None
    """Upper end of a range."""
    source: Text
    """The document and the place in it where the figure stands."""
    basis: Basis
    """`standard`: law, rule or standard; `plan`: a policy figure; `permit`: the site's own permit; `tool_default`: ours."""
    when: Condition | None = None
    """Which sites it holds for; absent: for all."""

    def show(self) -> str:
        """The limit as a person writes it, without its unit: `≤40`, `6～9`."""
        if self.comparator == "range":
            return f"{self.low}～{self.high}"
        sign = {"<": "＜", "<=": "≤", "=": "=", ">=": "≥", ">": "＞"}[self.comparator]
        return f"{sign}{self.value}"


class Measurement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quantity that an item measures."""

    id: Name
    """Unique within the item."""
    quantity: Text
    unit: str
    """As written in a record: `mg/L`, `m`, `%`, `处`; the empty string for a bare number such as pH."""
    unit_en: str = ""
    """The unit in English where it is a Chinese word; empty: the same."""
    limits: Annotated[tuple[Limit, ...], msgspec.Meta(max_length=40)] = ()
    """Empty: the value is recorded and judged by the officer alone."""
    decimals: Annotated[int, msgspec.Meta(ge=0, le=12)] = 2
    """How many decimal places a form offers; a guide, never a reason to refuse."""
    allows_below_detection: bool = False
    suffices: bool = False
    """Whether a value within the limit passes the item by itself, or is only one of several things to look at."""

    def unit_in(self, language: Language) -> str:
        """The unit for a screen in that language."""
        return self.unit_en if language == "en" and self.unit_en else self.unit


class PhotoNeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Photos that the item asks for."""

    what: Text
    count: Count = 1
    """How many at least, or how many of each where `per` says so."""
    per: Text | None = None
    """What each of them stands for, such as every pile or every machine."""


class PlanCitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A passage of the plan, word for word. The plan is policy: it never is a basis for a penalty."""

    section: Annotated[str, msgspec.Meta(pattern="^第[一二三四五六七八九十]+章第[一二三四五六七八九十]+节$")]
    """`第五章第四节`."""
    quote: str
    """Verbatim; white space aside it stands in that section of `checklists/plan/plan.txt`."""
    duties: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = ()
    """Ids of the duties in `checklists/plan/duties.json` that the item covers."""

    @property
    def chapter(self) -> str:
        """`第五章`."""
        return self.section.partition("章")[0] + "章"


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"pass_": "pass"}):
    """One question of a checklist."""

    id: ItemId
    question: Text
    pass_: Text
    """What is seen where the answer is pass."""
    fail: Text
    """What is seen where the answer is fail."""
    na: Text | None = None
    """When the item does not apply; absent: it always applies."""
    photos: Annotated[tuple[PhotoNeed, ...], msgspec.Meta(max_length=20)] = ()
    photo_required_on_fail: bool = True
    measurements: Annotated[tuple[Measurement, ...], msgspec.Meta(max_length=20)] = ()
    """The first is meant where a record gives a bare value."""
    severity: Severity
    authority: Text
    """Who may act on it, so that a finding can be passed on."""
    default_days: Days
    """Days to put it right; 0: at once. A default of ours, not a term set by law."""
    plan: Annotated[tuple[PlanCitation, ...], msgspec.Meta(max_length=20)]
    legal_basis: Annotated[tuple[LegalReference, ...], msgspec.Meta(max_length=60)] = ()
    """All references, old and new; `Register.basis_on` picks those in force on a day."""
    when: Condition | None = None
    """Asked unless this is known to be false."""
    ambiguous: Text | None = None
    """Why the passage of the plan cannot fail anything by itself."""
    note: Text | None = None
    """What an officer should know before deciding."""

    @property
    def measurement(self) -> Measurement | None:
        """The quantity meant by a bare value."""
        return self.measurements[0] if self.measurements else None

    def measurement_of(self, name: str) -> Measurement:
        """The measurement with that id.

        Raises:
            UnknownIdError: The item has none.
        """
        for measurement in self.measurements:
            if measurement.id == name:
                return measurement
        raise UnknownIdError(f"{self.id} 没有测量项 {name}。", f"{self.id} has no measurement {name}.")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of items that are looked at together."""

    id: Name
    title: Text
    items: Annotated[tuple[Item, ...], msgspec.Meta(max_length=100)]


class Checklist(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked on one visit."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}\.[0-9]{1,2}\.[0-9]+$")]
    """Year, month, number: `2026.11.1`. It changes whenever anything in the file does."""
    title: Text
    site_kinds: Annotated[tuple[str, ...], msgspec.Meta(max_length=40)]
    """Kinds of `kinds.yaml` that it is meant for."""
    plan_note: Text
    """How the plan stands behind it, and what that does not mean."""
    sections: Annotated[tuple[Section, ...], msgspec.Meta(max_length=30)]

    def items(self) -> Iterator[Item]:
        """All items in the order in which they are asked."""
        for section in self.sections:
            yield from section.items

    def full(self) -> tuple[Item, ...]:
        """The full set."""
        return tuple(self.items())

    def standard(self) -> tuple[Item, ...]:
        """The standard set: what is critical or major. Minor items can wait for a second visit or a desk review."""
        return tuple(item for item in self.items() if item.severity != "minor")

    def item(self, item_id: str) -> Item:
        """The item with that id.

        Raises:
            UnknownIdError: There is none.
        """
        for item in self.items():
            if item.id == item_id:
                return item
        raise UnknownIdError(f"检查表 {self.id} 没有 {item_id}。", f"Checklist {self.id} has no item {item_id}.")

    def section_of(self, item_id: str) -> Section:
        """The section in which that item stands.

        Raises:
            UnknownIdError: There is none.
        """
        for section in self.sections:
            if any(item.id == item_id for item in section.items):
                return section
        raise UnknownIdError(f"检查表 {self.id} 没有 {item_id}。", f"Checklist {self.id} has no item {item_id}.")


class AttributeValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One allowed value of an attribute."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]
    title: Text


class Attribute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something known about a site that selects limits and items."""

    id: Name
    title: Text
    values: Annotated[tuple[AttributeValue, ...], msgspec.Meta(max_length=100)] = ()
    """Allowed values; empty: free text, which selects nothing."""
    scope: Literal["site", "visit"] = "site"
    """`visit`: true on the day only, asked anew at each visit and never carried over."""
    note: Text | None = None


class SiteKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of site and what can be known about it."""

    id: Name
    title: Text
    attributes: Annotated[tuple[Attribute, ...], msgspec.Meta(max_length=100)] = ()

    def attribute(self, name: str) -> Attribute | None:
        """The attribute with that id, if the kind has it."""
        return next((attribute for attribute in self.attributes if attribute.id == name), None)


class Box(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rectangle in degrees. Good for a warning, never for deciding that something lies outside an area."""

    west: Decimal
    south: Decimal
    east: Decimal
    north: Decimal


class Area(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An administrative area."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]
    """GB/T 2260. A code ending in 00 covers the areas with its first four digits."""
    name: Text
    box: Box | None = None


class Catalogue(msgspec.Struct, frozen=True):
    """Everything that a catalogue folder says."""

    checklists: dict[str, Checklist]
    register: Register
    kinds: dict[str, SiteKind]
    areas: dict[str, Area]
    faults: tuple[Text, ...] = ()
    """What was left out of a folder laid over the built-in one, and why."""

    def checklist(self, checklist_id: str) -> Checklist:
        """The checklist with that id.

        Raises:
            UnknownIdError: There is none.
        """
        try:
            return self.checklists[checklist_id]
        except KeyError:
            known = "、".join(self.checklists)
            raise UnknownIdError(
                f"没有检查表 {checklist_id}；现有：{known}。",
                f"There is no checklist {checklist_id}; known are {', '.join(self.checklists)}.",
            ) from None

    def checklists_for(self, kind: str) -> tuple[Checklist, ...]:
        """The checklists meant for a kind of site."""
        return tuple(checklist for checklist in self.checklists.values() if kind in checklist.site_kinds)
