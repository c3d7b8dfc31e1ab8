"""Every command, in the order in which help lists them. What a command needs is imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inspect_tui.cli import (
    bundle,
    catalogue,
    checklist,
    draw,
    evidence,
    export,
    finding,
    import_odk,
    inspection,
    merge,
    officer,
    photo,
    pin,
    publishing,
    refusal,
    same_site,
    serve,
    setting_up,
    site,
    sync,
    task,
    team,
)

if TYPE_CHECKING:
    from inspect_tui.cli.command import Command

COMMANDS: Final[tuple[Command, ...]] = (
    *setting_up.COMMANDS,
    *pin.COMMANDS,
    *officer.COMMANDS,
    *checklist.COMMANDS,
    *catalogue.COMMANDS,
    *publishing.COMMANDS,
    *site.COMMANDS,
    *same_site.COMMANDS,
    *task.COMMANDS,
    *draw.COMMANDS,
    *inspection.COMMANDS,
    *import_odk.COMMANDS,
    *photo.COMMANDS,
    *finding.COMMANDS,
    *merge.COMMANDS,
    *refusal.COMMANDS,
    *bundle.COMMANDS,
    *sync.COMMANDS,
    *team.COMMANDS,
    *serve.COMMANDS,
    *evidence.COMMANDS,
    *export.COMMANDS,
)
