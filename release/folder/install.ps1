# Installs inspect-tui for whoever runs this: no network, no administrator rights. 不联网，不需要管理员权限。
$env:PYTHONUTF8 = "1"
$installer = Join-Path $PSScriptRoot "install.py"
foreach ($candidate in @(@("py", "-@python@"), @("python"), @("python3"))) {
    $command = $candidate[0]
    $options = @($candidate | Select-Object -Skip 1)
    if (Get-Command $command -ErrorAction SilentlyContinue) {
        $found = & $command @options -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>$null
        if ($found -eq "@python@") {
            & $command @options $installer
            exit $LASTEXITCODE
        }
    }
}
Write-Error "需要 Python @python@：请先为本人安装（不需要管理员权限）。Python @python@ is needed: install it for yourself (no administrator rights are needed)."
exit 1
