"""The command `derive`: derived data of the repository brought up to date, or all computed anew and compared."""

from tools import data, derive, fetch, lock, make
from tools.locked import locked


def run(root, check):
    """Carry it out; returns the exit status, 1 where a check found something."""
    folder = root / make.DATA
    with locked(root / make.LOCK, "build.py derive", print):
        pinned = lock.load()
        data.build(lambda name: fetch.fetch(pinned, name), folder)
        if not check:
            changed = derive.keep(root, folder)
            for path in changed:
                print(f"  {path.relative_to(root).as_posix()}", flush=True)
            print("Commit what has changed." if changed else "Nothing has changed.", flush=True)
            return 0
        wrong = derive.check(root, folder)
        print("\n".join(wrong) if wrong else "All derived data are what the code computes.", flush=True)
        return 1 if wrong else 0
