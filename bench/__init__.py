"""Benchmarks: each goal as a ratio to a peer or to a physical floor, both measured in the same run, turn by turn.

`python -m bench` runs them all, `python -m bench NAME…` some. `docs/benchmarks.md` says what each one measures.
"""
