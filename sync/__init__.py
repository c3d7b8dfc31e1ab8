"""Replicated tables: a signed log of changes, its fold into plain tables, and the exchange between replicas.

This package knows rows, cells, devices and areas. It knows nothing of inspections: the tables that it folds are
declared by whoever opens a replica (`sync.schema.Schema`).
"""
