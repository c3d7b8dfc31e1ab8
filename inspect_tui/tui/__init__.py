"""The screens 屏幕: they show what `records` reads and call what `records` does, never SQL."""
