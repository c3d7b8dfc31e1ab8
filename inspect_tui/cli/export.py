"""`export csv`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inspect_tui.cli.command import Command, argument
from inspect_tui.cli.finding import FILTERS, day_of, filtered
from inspect_tui.cli.output import line, print_json
from inspect_tui.cli.progress import Progress
from inspect_tui.texts import Text, tr

if TYPE_CHECKING:
    import argparse

    from inspect_tui.cli.command import Context


def csv(context: Context, said: argparse.Namespace) -> int:
    """Write the findings as CSV; `-` is standard output, which then holds nothing else."""
    from inspect_tui.exports.findings_csv import export_findings, write_findings
    from inspect_tui.records.files import is_standard_output

    day = day_of(said)
    with context.open() as workspace, Progress(tr("导出", "export")) as progress:
        ids = filtered(workspace, said)
        if said.file == "-":
            sys.stdout.flush()
            write_findings(
                workspace, sys.stdout.buffer, headers=said.headers, day=day, ids=ids, progress=progress.update
            )
            sys.stdout.buffer.flush()
            return 0
        path = Path(said.file).expanduser()
        sys.stdout.flush()
        count = export_findings(workspace, path, headers=said.headers, day=day, ids=ids, progress=progress.update)
    if is_standard_output(path):
        return 0
    if context.json:
        print_json({"file": str(path), "findings": count})
    else:
        line(tr(f"已写入 {path}：{count} 个问题。", f"Wrote {path}: {count} findings."))
    return 0


COMMANDS: Final = (
    Command(
        ("export", "csv"),
        Text("把问题清单存成 CSV", "write the findings as CSV"),
        csv,
        (
            argument("file", help=Text("文件，- 为标准输出", "file, - is standard output"), metavar="FILE"),
            argument(
                "--headers",
                help=Text("表头：中文、英文或代码", "headers: Chinese, English or codes"),
                choices=("zh", "en", "code"),
                default="zh",
            ),
            *FILTERS,
        ),
    ),
)
