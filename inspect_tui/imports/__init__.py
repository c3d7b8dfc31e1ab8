"""Data that others made, read without trust and shown before anything is recorded."""
