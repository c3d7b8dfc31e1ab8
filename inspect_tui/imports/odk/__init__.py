"""Submissions of an exported checklist, as ODK Central, Briefcase and KoboToolbox export them."""
