#!/bin/sh
# Installs inspect-tui for whoever runs this: no network, no administrator rights. 不联网，不需要管理员权限。
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
for python in "${PYTHON:-}" python@python@ python3 python; do
    if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 &&
        "$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@python@")' 2>/dev/null; then
        exec "$python" "$here/install.py"
    fi
done
echo "需要 Python @python@：请先为本人安装（不需要管理员权限），或用 PYTHON=路径 指明。" >&2
echo "Python @python@ is needed: install it for yourself (no administrator rights are needed), or name it with PYTHON=path." >&2
exit 1
