"""What can go wrong with a catalogue or a measured value, each as one sentence in Chinese and one in English."""

from __future__ import annotations


class ChecklistError(Exception):
    """Base of all errors of this package."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh = zh
        """The sentence for a Chinese screen."""
        self.en = en
        """The same sentence for an English screen."""

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class CatalogueError(ChecklistError):
    """The catalogue cannot be used as it stands; `checklists.validation.validate` lists everything wrong with it."""


class HostileFileError(CatalogueError):
    """A file is larger, deeper or more repetitive than any catalogue needs to be."""


class UnknownIdError(ChecklistError, KeyError):
    """No checklist, item, law, kind or measurement has this id."""


class NotANumberError(ChecklistError, ValueError):
    """A measured value is not a plain decimal number."""


class WrongUnitError(ChecklistError, ValueError):
    """A value came in a unit in which the item does not measure."""


class NoMeasurementError(ChecklistError, ValueError):
    """The item measures nothing, so that a value means nothing there."""
