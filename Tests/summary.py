"""Adds up JUnit files: python summary.py FAILED_STEPS FILE...; prints `N passed, N failed`, fails unless all passed.

A step that failed, or a file that is missing, counts as one failed test when no test says so: a crash is no success.
"""

import sys
import xml.etree.ElementTree as ElementTree


def counts(path):
    """(passed, failed, skipped) of one file."""
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failed += 1
        elif "skipped" in outcomes:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main(failed_steps, *paths):
    passed = failed = skipped = 0
    for path in paths:
        try:
            more = counts(path)
        except (OSError, ElementTree.ParseError) as error:
            print(f"no results in {path}: {error}")
            more = (0, 1, 0)
        passed, failed, skipped = passed + more[0], failed + more[1], skipped + more[2]
    if failed_steps:
        print(f"failed: {', '.join(failed_steps)}")
        failed = failed or 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].split(), *sys.argv[2:]))
