"""How a command is declared: its words, what it says of itself, its arguments, and the function behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from inspect_tui.records.workspace import Workspace
    from inspect_tui.texts import Text


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument or option.

    Attributes:
        flags: Its name, or the option's spellings.
        help: What it is.
        options: As `argparse.ArgumentParser.add_argument` takes them.
    """

    flags: tuple[str, ...]
    help: Text
    options: dict[str, Any] = field(default_factory=dict)


def argument(*flags: str, help: Text, **options: Any) -> Argument:  # noqa: A002  as argparse calls it
    """Declare an argument."""
    return Argument(flags, help, options)


@dataclass(frozen=True, slots=True)
class Context:
    """What every command gets beside its own arguments.

    Attributes:
        folder: Of the workspace.
        json: Answer for machines.
    """

    folder: Path
    json: bool

    def open(self) -> Workspace:
        """Open the workspace.

        Raises:
            Refused: There is none, or it cannot be opened.
        """
        from inspect_tui.records.workspace import Workspace

        return Workspace.open(self.folder)


Run: TypeAlias = "Callable[[Context, argparse.Namespace], int]"


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        words: `("checklist", "list")`.
        help: One sentence.
        run: Does it and returns the exit status.
        arguments: Those of its own.
    """

    words: tuple[str, ...]
    help: Text
    run: Run
    arguments: tuple[Argument, ...] = ()

    @property
    def name(self) -> str:
        """As a person types it."""
        return " ".join(self.words)
