@echo off
rem Installs inspect-tui for whoever runs this: no network, no administrator rights.
chcp 65001 >nul
set PYTHONUTF8=1
py -@python@ -c "" >nul 2>nul
if %errorlevel%==0 (
    py -@python@ "%~dp0install.py"
    goto done
)
python -c "import sys; sys.exit('%%d.%%d' %% sys.version_info[:2] != '@python@')" >nul 2>nul
if %errorlevel%==0 (
    python "%~dp0install.py"
    goto done
)
echo 需要 Python @python@：请先为本人安装（不需要管理员权限），然后重试。
echo Python @python@ is needed: install it for yourself (no administrator rights are needed), then try again.
:done
pause
