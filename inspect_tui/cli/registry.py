"""Every command, in the order in which help lists them. What a command needs is imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.cli import (
    catalogue,
    checklist,
    evidence,
    export,
    finding,
    inspection,
    merge,
    photo,
    setting_up,
    site,
)

if TYPE_CHECKING:
    from inspect_tui.cli.command import Command

COMMANDS: Final[tuple[Command, ...]] = (
    *setting_up.COMMANDS,
    *checklist.COMMANDS,
    *catalogue.COMMANDS,
    *site.COMMANDS,
    *inspection.COMMANDS,
    *photo.COMMANDS,
    *finding.COMMANDS,
    *merge.COMMANDS,
    *evidence.COMMANDS,
    *export.COMMANDS,
)
