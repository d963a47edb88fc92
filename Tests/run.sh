#!/bin/sh
# Runs every test and ends in one line, `N passed, N failed`, over Swift's and Python's together. Everything is tried, even
# after a failure; the exit code says whether all was well. Results for machines are left in .build/test-results.
set -u
cd "$(dirname "$0")/.." || exit 1

results=.build/test-results
check="--explicit-target-dependency-import-check error"
rm -rf "$results"
mkdir -p "$results"
failed_steps=

# Runs a step; one that fails is remembered.
step() {
    name=$1
    shift
    echo "== $name"
    "$@" || failed_steps="$failed_steps $name"
}

# shellcheck disable=SC2086  # two words
build_tests() { swift build --build-tests $check; }
# shellcheck disable=SC2086
build_release() { swift build -c release $check; }
# One at a time: sockets, group joins and timeouts are real here, and property tests beside them would starve them.
swift_tests() { swift test --skip-build --no-parallel --xunit-output "$results/swift.xml" </dev/null; }
end_to_end() { .venv/bin/python -m pytest -q --junitxml="$results/end-to-end.xml" Tests/EndToEnd; }

step build-tests build_tests
[ -n "$failed_steps" ] || step swift-tests swift_tests
step build-release build_release
step documentation deploy/make-docs.sh
step end-to-end end_to_end

# swift test writes Swift Testing's results beside the file for XCTest, which we have no tests of.
python3 Tests/summary.py "$failed_steps" "$results/swift-swift-testing.xml" "$results/end-to-end.xml"
