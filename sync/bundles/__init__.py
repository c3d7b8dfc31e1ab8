"""Bundles 数据包: changesets and photos in files on a USB stick, sealed for those who may read them.

`docs/bundles.md` describes the format byte by byte. Nothing of the container is evidence: changesets carry their own
signatures and photos their hashes; the container only has to arrive whole, and to tell nothing to whoever finds it.
"""
