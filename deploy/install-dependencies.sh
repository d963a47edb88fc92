#!/bin/sh
# Installs the system packages that building Bedrock Relay needs and that are missing; with --test, also what its tests
# need. Debian and Ubuntu, as root or with sudo. Does nothing when all is there; starts no service.
set -eu

build_packages="binutils gcc g++ libc6-dev make pkg-config librdkafka-dev libcurl4-openssl-dev libssl-dev libyaml-dev"
test_packages="ca-certificates curl kcat libpcre2-8-0 mandoc openssl python3 python3-venv shellcheck systemd"
browser_packages="chromium chromium-driver fonts-dejavu-core"
swift_minimum=6.2

usage() {
    echo "usage: $0 [--test]"
    echo "  --test  also install what the tests and benchmarks need: $test_packages $browser_packages promtool nginx"
}

say() { echo "install-dependencies: $*"; }

fail() {
    say "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "not root, and there is no sudo: run as root: $*"
    fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The package lists are fetched only when the present ones do not lead to the packages (fresh container, old lists).
apt_with_lists() {
    apt "$@" >"$log" 2>&1 && return
    say "fetching the package lists"
    apt update >"$log" 2>&1 && apt "$@" >"$log" 2>&1 && return
    cat "$log" >&2
    fail "apt-get $* failed"
}

install_packages() {
    missing=
    for package in $1; do
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    did_something=yes
    say "installing$missing"
    # shellcheck disable=SC2086  # a list of package names
    apt_with_lists install --no-install-recommends $missing
}

# One program alone out of a Debian package: the package itself would start a server and enable it at boot.
install_program() { # name, package, path in the package
    for folder in /usr/sbin /usr/local/bin /usr/bin; do
        [ ! -x "$folder/$1" ] || return 0
    done
    did_something=yes
    say "installing $1 into /usr/local/bin"
    (
        cd "$scratch"
        apt_with_lists download "$2"
        dpkg-deb --fsys-tarfile "$2"_*.deb | tar -xO "$3" >"$1"
        as_root install -m 755 "$1" "/usr/local/bin/$1"
    )
}

# For the tests of the page. Ubuntu has its browser as a snap only: there the tests want a chromedriver of your own.
install_browser() {
    command -v chromedriver >/dev/null 2>&1 && return
    # shellcheck disable=SC2086  # a list of package names
    apt-cache show $browser_packages >/dev/null 2>&1 || apt update >"$log" 2>&1 || true
    # shellcheck disable=SC2086
    if apt-cache show $browser_packages >/dev/null 2>&1; then
        install_packages "$browser_packages"
    else
        say "there is no package chromium-driver here: put a chromedriver on PATH for the tests of the page"
    fi
}

check_swift() {
    if ! command -v swift >/dev/null 2>&1; then
        fail "Swift is missing: install $swift_minimum or newer from https://www.swift.org/install/linux and put it on PATH"
    fi
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    oldest=$(printf '%s\n%s\n' "$swift_minimum" "${version:-0}" | sort -V | head -n 1)
    if [ "$oldest" != "$swift_minimum" ]; then
        fail "Swift ${version:-of an unknown version} is too old:" \
            "install $swift_minimum or newer from https://www.swift.org/install/linux"
    fi
}

# Elsewhere we install nothing, but do not stand in the way of somebody who has.
check_other_system() {
    missing=
    for library in rdkafka libcurl libcrypto yaml-0.1; do
        pkg-config --exists "$library" 2>/dev/null || missing="$missing $library"
    done
    if [ "$with_tests" = yes ]; then
        for tool in chromedriver curl kcat mandoc nginx openssl promtool python3 shellcheck systemd-analyze; do
            command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
        done
    fi
    [ -z "$missing" ] && return
    say "this is neither Debian nor Ubuntu; install with your own package manager what provides:$missing" >&2
    say "(on Debian: $build_packages; for the tests also: $test_packages prometheus)" >&2
    exit 1
}

with_tests=no
case "${1-}" in
"") ;;
--test) with_tests=yes ;;
--help | -h)
    usage
    exit 0
    ;;
*)
    usage >&2
    exit 2
    ;;
esac

did_something=no
if command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
    scratch=$(mktemp -d)
    chmod 755 "$scratch" # apt's own user downloads into it
    trap 'rm -rf "$scratch"' EXIT
    log=$scratch/apt.log
    install_packages "$build_packages"
    if [ "$with_tests" = yes ]; then
        install_packages "$test_packages"
        install_program promtool prometheus ./usr/bin/promtool
        install_program nginx nginx ./usr/sbin/nginx
        install_browser
    fi
else
    check_other_system
fi
check_swift
if [ "$did_something" = yes ]; then say "done"; else say "everything is there"; fi
