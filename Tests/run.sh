#!/bin/sh
# Runs every test and ends in one line, `N passed, N failed`, over Swift's and Python's together. Everything is tried, even
# after a failure; the exit code says whether all was well. Results for machines are left in .build/test-results.
#
# The end-to-end tests wait more than they compute: they run beside the build of Swift's tests and those, and are shown last.
set -u
cd "$(dirname "$0")/.." || exit 1

results=.build/test-results
log=$results/end-to-end.log
check="--explicit-target-dependency-import-check error"
rm -rf "$results"
mkdir -p "$results"
failed_steps=
beside=

# Runs a step; one that fails is remembered.
step() {
    name=$1
    shift
    echo "== $name"
    "$@" || failed_steps="$failed_steps $name"
}

# shellcheck disable=SC2086  # two words
build_release() { swift build -c release $check; }
# What is tested meanwhile goes first.
# shellcheck disable=SC2086
build_tests() { nice -n 19 swift build --build-tests $check; }
# One at a time: sockets, group joins and timeouts are real here, and property tests beside them would starve them.
swift_tests() { swift test --skip-build --no-parallel --xunit-output "$results/swift.xml" </dev/null; }
# A shell starts what runs beside it with interrupts ignored; programs that are tested with them must not inherit that.
end_to_end() {
    exec env --default-signal=INT,QUIT PYTHONUNBUFFERED=1 \
        .venv/bin/python -m pytest -q --junitxml="$results/end-to-end.xml" Tests/EndToEnd >"$log" 2>&1 </dev/null
}
# What the end-to-end tests print: at once what they have, the rest as it comes.
show_end_to_end() {
    tail -n +1 -f --pid="$beside" "$log"
    wait "$beside"
    status=$?
    beside=
    return $status
}

trap '[ -z "$beside" ] || kill "$beside"' EXIT
trap 'exit 130' INT TERM

step build-release build_release
if [ -z "$failed_steps" ]; then
    end_to_end &
    beside=$!
fi
step build-tests build_tests
case $failed_steps in *build-tests*) ;; *) step swift-tests swift_tests ;; esac
step documentation deploy/make-docs.sh
[ -z "$beside" ] || step end-to-end show_end_to_end

# swift test writes Swift Testing's results beside the file for XCTest, which we have no tests of.
python3 Tests/summary.py "$failed_steps" "$results/swift-swift-testing.xml" "$results/end-to-end.xml"
