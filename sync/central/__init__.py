"""The central store: a replica that everybody syncs with over HTTP.

`store` says what a store must do, `sqlite_store` and `postgres_store` do it; `app` is the server (ASGI), `client` the
peer that `exchange` talks to. `docs/protocol.md` describes what goes over the wire.
"""
