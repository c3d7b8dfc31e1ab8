"""One screen a file; see `inspect_tui.tui.app` for which opens which."""
