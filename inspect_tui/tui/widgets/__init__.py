"""Widgets of the programme. None knows a screen: state comes down as values, events go up as messages."""
