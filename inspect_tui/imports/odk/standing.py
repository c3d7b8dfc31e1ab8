"""Whether a submission may be taken in: what the server says of it, and which version of the checklist was filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from inspect_tui.imports.odk.columns import VALUE, Place
from inspect_tui.imports.odk.problems import problem
from inspect_tui.records.load_format import AREA_PATTERN
from inspect_tui.texts import Text

if TYPE_CHECKING:
    from inspect_tui.imports.odk.mapping import Mapped
    from inspect_tui.imports.odk.submissions import Submission
    from inspect_tui.records.model import Problem
    from inspect_tui.records.workspace import Workspace

_STATUSES: Final = {
    "not decrypted": Text(
        "仍是加密的；请在 ODK Central 输入密码后再导出",
        "it is still encrypted; export it with the passphrase in ODK Central",
    ),
    "missing encrypted form data": Text(
        "加密的内容没有传完；请在手机上重新发送",
        "its encrypted content never arrived; send it from the phone again",
    ),
}
_REJECTED: Final = frozenset({"rejected", "not approved", "validation_status_not_approved"})
_HELD: Final = frozenset({"hasissues", "on hold", "validation_status_on_hold"})


def standing(said: Submission) -> tuple[list[Problem], list[Problem], bool]:
    """What the server says of the submission: whether it can be taken, and whether it stays a draft."""
    status = said.meta.get("Status", "")
    if status:
        text = _STATUSES.get(
            status.casefold(),
            Text(f"服务器注明“{status[:60]}”，内容不完整", f"the server says '{status[:60]}', it is not complete"),
        )
        return [problem(said.where, "Status", text.zh, text.en, code="not_readable")], [], False
    for name in ("ReviewState", "_validation_status"):
        state = said.meta.get(name, "")
        if state.casefold() in _REJECTED:
            text = Text("已在服务器上被否决，未导入", "it was rejected at the server and is not taken")
            return [problem(said.where, name, text.zh, text.en, code="rejected")], [], False
        if state.casefold() in _HELD:
            text = Text(
                "在服务器上标为有问题，留作草稿",
                "it is marked as having issues at the server and stays a draft",
            )
            return [], [problem(said.where, name, text.zh, text.en, code="held")], True
    return [], [], False


def version(workspace: Workspace, said: Submission, mapped: Mapped, warnings: list[Problem]) -> list[Problem]:
    """Why the checklist here is not the one that was filled in."""
    form = said.form.checklist
    named = said.values.get(Place("checklist_id", VALUE), "")
    if named and named != form.id:
        return [
            problem(
                said.where,
                "checklist_id",
                f"这一行是检查表 {named[:60]} 的，不是 {form.id} 的",
                f"the row is of the checklist {named[:60]}, not of {form.id}",
                code="checklist_other",
            )
        ]
    area = str(mapped.tree["site"].get("area", ""))
    catalogue = workspace.catalogue_for(area) if re.fullmatch(AREA_PATTERN, area) else workspace.catalogue
    here = catalogue.checklists.get(form.id)
    written, server = said.values.get(Place("checklist_version", VALUE), ""), said.meta.get("FormVersion", "")
    if not written and not server:
        warnings.append(
            problem(
                said.where,
                "checklist_version",
                f"没有注明检查表版本，按 {form.version} 版读",
                f"the version of the checklist is not said; it was read as {form.version}",
                code="version_unknown",
            )
        )
        return []
    # Central wants a new version for every upload of a form, so people write something behind ours.
    filled = written if not server or (written and server.startswith(written)) else server
    if here is not None and here.version == filled == form.version:
        return []
    present = here.version if here is not None else form.version
    return [
        problem(
            said.where,
            "checklist_version",
            f"表单是 {form.id} 的 {filled[:40]} 版，这里是 {present} 版；请先用 checklist import 导入 {filled[:40]} 版"
            "再导入这些提交，以后用这里的版本重新导出表单",
            f"the form is version {filled[:40]} of {form.id}, here is {present}; import version {filled[:40]} with"
            " checklist import first, and export the form anew for what comes",
            code="version_missing",
        )
    ]
