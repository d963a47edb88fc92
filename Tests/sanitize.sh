#!/bin/sh
# Runs Swift's tests and the end-to-end tests under sanitizers: sanitize.sh [thread] [address]; both without arguments.
# Debug builds of their own, in .build/thread and .build/address. Any report fails it, whoever made it: the tests, or a
# program that a test started.
set -u
cd "$(dirname "$0")/.." || exit 1

failed=

# Runs a step; one that fails is remembered.
step() {
    name=$1
    shift
    echo "== $name"
    "$@" || failed="$failed $name"
}

# Everything under one sanitizer.
run() {
    sanitizer=$1
    folder=.build/$sanitizer
    reports=$folder/reports
    rm -rf "$reports"
    mkdir -p "$reports"
    # To files: what a program under test prints is read by its test. exitcode 0: a report shall not turn into another
    # failure, of the test that happened to run.
    common="log_path=$PWD/$reports/report:exitcode=0"
    export TSAN_OPTIONS="$common:suppressions=$PWD/Tests/thread-sanitizer.supp"
    # What a process holds at its end is no leak, and ours end by _exit. The clock library comes first on purpose. What was
    # freed is kept aside for less than the 256 MiB that are usual: tests look at how much memory the relay takes.
    export ASAN_OPTIONS="$common:detect_leaks=0:verify_asan_link_order=0:quarantine_size_mb=8"
    preload=
    if [ "$sanitizer" = thread ]; then
        preload=$PWD/$folder/c11_threads.so
        cc -shared -fPIC -O1 -Wall -Werror -o "$preload" Tests/c11_threads.c || exit 1
    fi
    if ! swift build --build-tests --sanitize="$sanitizer" --scratch-path "$folder"; then
        failed="$failed $sanitizer-build"
        return
    fi
    step "$sanitizer-swift-tests" env LD_PRELOAD="$preload" swift test --skip-build --no-parallel \
        --sanitize="$sanitizer" --scratch-path "$folder" </dev/null
    # Both limits are six times the usual ones.
    step "$sanitizer-end-to-end" env LD_PRELOAD="$preload" RELAY_BIN="$PWD/$folder/debug" TEST_PATIENCE=6 \
        .venv/bin/python -m pytest -q --timeout=720 Tests/EndToEnd
    for report in "$reports"/*; do
        [ -e "$report" ] || continue
        echo "== $report"
        cat "$report"
        failed="$failed $sanitizer-report"
    done
}

[ $# -gt 0 ] || set -- thread address
for sanitizer; do run "$sanitizer"; done

[ -z "$failed" ] && echo "no reports" && exit 0
echo "failed:$failed"
exit 1
