"""Photos as evidence: what a file says about itself, whether it can be true, and a store that never rewrites it.

Nothing is imported here: the image libraries cost start-up time, so each is loaded by the module that needs it.
"""
