"""Which question a column of an export answers, however the export calls it.

By name or by label, with the path of its groups or without, whatever separates them; parts of a position and addresses
of media stand in columns of their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from inspect_tui.imports.odk.form import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tui.imports.odk.form import Form

VALUE: Final = "value"
PARTS: Final = {
    "latitude": "latitude",
    "longitude": "longitude",
    "altitude": "altitude",
    "accuracy": "accuracy",
    "precision": "accuracy",
}
"""Ends of the columns of a position → part."""
URL: Final = "url"
META: Final = {
    name.casefold(): name
    for name in (
        # ODK Central and Briefcase
        *("SubmissionDate", "KEY", "PARENT_KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent"),
        *("AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits", "FormVersion", "CompletionDate"),
        *("instanceID", "instanceName", "rootUuid", "deprecatedID", "isComplete", "isValidated"),
        # KoboToolbox
        *("_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by", "_tags"),
        *("__version__", "_version_", "_index", "_parent_table_name", "_parent_index", "_submission__id"),
        *("_submission__uuid", "_submission__submission_time", "_submission__validation_status"),
        *("_submission__notes", "_submission__status", "_submission__submitted_by", "_submission__tags"),
        *("_submission___version__", "_xform_id_string", "_geolocation", "_attachments", "_media_all_received"),
        *("_bamboo_dataset_id", "_date_modified", "_submission__date_modified", "formhub/uuid"),
        # asked by many forms of themselves
        *("today", "username", "phonenumber", "simserial", "subscriberid", "email", "audit", "version"),
    )
}
"""Columns of the server, folded → name."""
_SIGN: Final = r"[^A-Za-z0-9_\s]"
_NAME: Final = re.compile(rf"(?:^|{_SIGN})\s?(?P<name>[A-Za-z_][A-Za-z0-9_]*)$")
_SEPARATOR: Final = re.compile(r"\s*(?:::|[^\w\s])\s*")
_KOBO_PART: Final = re.compile(r"_(?P<stem>.+)_(?P<part>latitude|longitude|altitude|precision)", re.IGNORECASE)
_CENTRAL_PART: Final = re.compile(
    rf"(?P<stem>.+)(?:{_SIGN})(?P<part>latitude|longitude|altitude|accuracy|precision)", re.IGNORECASE
)
_URL: Final = re.compile(r"(?P<stem>.+)_url", re.IGNORECASE)
_CHOICE: Final = re.compile(r"(?P<stem>.+)[/.:-](?P<choice>[^/.:]+)")
_SET_OF: Final = re.compile(r"set[-_]of[-_].+", re.IGNORECASE)
_LONGEST: Final = 2000
"""No label is longer, and no header is looked at further."""


class Place(NamedTuple):
    """What a column answers.

    Attributes:
        name: Of the question.
        part: `value`; `latitude`, `longitude`, `altitude`, `accuracy` of a position; `url` of a medium; or `=choice`.
    """

    name: str
    part: str


class Columns(NamedTuple):
    """The columns of a table.

    Attributes:
        headers: As they stand there.
        places: What each answers; None where it answers nothing.
        meta: Name of the server's column → its index.
        strange: Indexes of the columns that nobody knows.
    """

    headers: Sequence[str]
    places: list[Place | None]
    meta: dict[str, int]
    strange: list[int]

    def repeat(self, form: Form) -> str:
        """The repeat that most columns belong to; empty for the form itself."""
        counts: dict[str, int] = {}
        for place in self.places:
            if place is not None:
                repeat = form.questions[place.name].repeat
                counts[repeat] = counts.get(repeat, 0) + 1
        return max(counts, key=lambda each: counts[each], default="")


def columns_of(headers: Sequence[str], form: Form) -> Columns:
    """What each column answers."""
    found = Columns(headers, [], {}, [])
    last, taken = -1, set[Place]()
    for index, header in enumerate(headers):
        place: Place | None = None
        if (meta := meta_of(header)) is not None and meta.casefold() not in form.questions:
            found.meta.setdefault(meta, index)
        elif header.strip() and not _SET_OF.fullmatch(header.strip()):
            place = _place(header[:_LONGEST], form, last, taken)
            if place is None:
                found.strange.append(index)
            else:
                taken.add(place)
                last = form.questions[place.name].order
        found.places.append(place)
    return found


def meta_of(header: str) -> str | None:
    """The server's column that a header is, `meta-instanceID` and `meta/instanceID` included."""
    text = folded(header)
    if text in META:
        return META[text]
    match = re.fullmatch(r"meta\W+(\w+)", text)
    return META.get(match[1]) if match else None


def item_names(headers: Sequence[str]) -> Iterator[str]:
    """What could be names of questions, the last part of each header."""
    for header in headers:
        if (match := _NAME.search(header[:_LONGEST].strip())) is not None:
            yield match["name"]


def _place(header: str, form: Form, last: int, taken: set[Place]) -> Place | None:
    header = header.replace("\ufeff", "").strip()
    if (place := _whole(header, VALUE, form, last, taken)) is not None:
        return place
    for tail in _tails(header):
        if (match := _KOBO_PART.fullmatch(tail)) and (place := _part(match, form, last, taken)):
            return place
    if (match := _CENTRAL_PART.fullmatch(header)) and (place := _part(match, form, last, taken)):
        return place
    if match := _URL.fullmatch(header):
        place = _whole(match["stem"], URL, form, last, taken)
        if place is not None and form.questions[place.name].kind == "image":
            return place
    if match := _CHOICE.fullmatch(header):
        place = _whole(match["stem"], VALUE, form, last, set())
        if place is not None and (question := form.questions[place.name]).choices:
            choice = form.choice(question, match["choice"])
            return None if choice is None else Place(place.name, f"={choice}")
    return None


def _part(match: re.Match[str], form: Form, last: int, taken: set[Place]) -> Place | None:
    place = _whole(match["stem"], PARTS[match["part"].casefold()], form, last, taken)
    return place if place is not None and form.questions[place.name].kind == "geopoint" else None


def _whole(header: str, part: str, form: Form, last: int, taken: set[Place]) -> Place | None:
    """The question that a header names, or whose label it is, groups before it or not."""
    if header in form.questions:
        return Place(header, part)
    if names := form.labels.get(folded(header)):
        return _first(names, part, form, last, taken)
    match = _NAME.search(header)
    if match is not None and match["name"] in form.questions:
        return Place(match["name"], part)
    for tail in _tails(header):
        if names := form.labels.get(folded(tail)):
            return _first(names, part, form, last, taken)
    return None


def _first(names: Sequence[str], part: str, form: Form, last: int, taken: set[Place]) -> Place:
    """Of several questions with one label the next in the order of the form, in which every export stands."""
    places = [Place(name, part) for name in names]
    # The column of an address or of a part stands right behind that of its question.
    behind = 0 if part == VALUE else -1
    later = [place for place in places if form.questions[place.name].order > last + behind]
    free = [place for place in later or places if place not in taken]
    return (free or places)[0]


def _tails(header: str) -> Iterator[str]:
    """The header, then what stands behind each separator, longest first."""
    yield header
    for match in _SEPARATOR.finditer(header):
        if tail := header[match.end() :]:
            yield tail
