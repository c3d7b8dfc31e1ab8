"""What is asked on site: checklists with their legal basis and their passages of the plan, as data.

`catalogue` reads them, `model` is their shape, `judgement` holds values against limits, `freezing` keeps a checklist
as it was on the day, `validation` says what is wrong with a catalogue. This package knows no inspections, no screens
and no database.
"""
