"""The command `derive`: bring the derived data of the repository up to date, or recompute all of it and compare."""

from tools import data, derive, fetch, lock, make
from tools.locked import locked


def run(root, check):
    """Run the command; return the exit status, 1 if a check found something."""
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
