"""The legal register: every document that an item refers to, with the days on which it is in force."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import msgspec

from checklists.conditions import Condition, holds
from checklists.errors import UnknownIdError
from checklists.places import Place, show_place
from checklists.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checklists.text import Language

LawKind = Literal["law", "regulation", "rule", "policy", "standard"]
"""法律、行政法规、部门规章、规范性文件、标准."""


class Law(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One document of the register."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9._-]*$", max_length=60)]
    number: str | None = None
    """Official number, such as `GB 18599-2020`; absent where it is not confirmed or there is none."""
    title: Text
    short: Text | None = None
    """The title as it is cited, where the full one is long."""
    kind: LawKind
    valid_from: dt.date | None = None
    """First day in force; absent: not confirmed, taken as always."""
    valid_to: dt.date | None = None
    """Last day in force; absent: still in force."""
    replaced_by: str | None = None
    replaces: tuple[str, ...] = ()
    confirmed: Literal["C", "S"]
    """C: seen in the document's own text; S: seen in a secondary source, cited by name only."""

    def name(self, language: Language) -> str:
        """How it is called in a citation: a standard by its number, all else by its title."""
        if self.kind == "standard" and self.number:
            return self.number
        title = (self.short or self.title).show(language)
        number = f"（{self.number}）" if self.number and self.kind == "policy" else ""
        return f"《{title}》{number}" if language == "zh" else f"{title} {self.number}" if number else title

    def in_force(self, day: dt.date) -> bool:
        """Whether it was in force on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class LegalReference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in a document of the register."""

    law: str
    """Id in the register."""
    article: Place = ""
    """`240条1款`, `1136条1款（五）`, `7.5`, `表1`, `第5章`; empty: the document as a whole."""
    note: Text | None = None
    when: Condition | None = None
    """Cited unless this is known to be false: a standard for sewage works says nothing about a mine."""

    def show(self, register: Register, language: Language) -> str:
        """The reference as a person cites it: `《生态环境法典》第二百四十条第一款`."""
        name = register.law(self.law).name(language)
        place = show_place(self.article, language)
        return name + ("" if language == "zh" or not place else ", ") + place


class HasLegalBasis(Protocol):
    """Whatever carries references, such as an item."""

    @property
    def legal_basis(self) -> Iterable[LegalReference]:
        """All references, of all times."""
        ...


class Register(msgspec.Struct, frozen=True):
    """All documents by id."""

    laws: dict[str, Law]

    def law(self, law_id: str) -> Law:
        """The document with that id.

        Raises:
            UnknownIdError: There is none.
        """
        try:
            return self.laws[law_id]
        except KeyError:
            raise UnknownIdError(f"法规登记表里没有 {law_id}。", f"The legal register has no {law_id}.") from None

    def in_force(self, law_id: str, day: dt.date) -> bool:
        """Whether a document was in force on a day.

        Raises:
            UnknownIdError: The register has no such document.
        """
        return self.law(law_id).in_force(day)

    def basis_on(
        self, item: HasLegalBasis, day: dt.date, attributes: Mapping[str, str] | None = None
    ) -> list[LegalReference]:
        """The references of an item that were in force on a day and speak of such a site, in the order of the catalogue.

        Args:
            item: Whose.
            day: That of the violation, not that of the visit: what was done before 2026-08-15 is held against the law of
                its time.
            attributes: What is known about the site, attribute id to value.
        """
        return [
            reference
            for reference in item.legal_basis
            if self.in_force(reference.law, day)
            and (reference.when is None or holds(reference.when, attributes or {}, {}) is not False)
        ]
