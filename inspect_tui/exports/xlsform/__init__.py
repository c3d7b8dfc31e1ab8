"""A checklist as an XLSForm workbook, the form of ODK and Kobo, and back.

Everything stands in one place only. `survey` has a group for each section, a question for each item, and below it the
reason, the photos and the measurements of the item; extra columns hold what XLSForm has no place for. `limits`, `legal`
and `plan` have a row each. What a phone needs beside the checklist (`visit`), `choices`, the group of attributes and the
rows of reasons follow from the rest: they are written for the form, and only held against it on the way back.
"""

from inspect_tui.exports.xlsform.columns import COLUMNS
from inspect_tui.exports.xlsform.read import Read, as_yaml, check_file, read_workbook
from inspect_tui.exports.xlsform.write import write_workbook

__all__ = ["COLUMNS", "Read", "as_yaml", "check_file", "read_workbook", "write_workbook"]
