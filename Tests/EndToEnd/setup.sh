#!/bin/sh
# Makes .venv with what the end-to-end tests run with. Does nothing when it is there and requirements.txt is unchanged.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/.venv
requirements=$root/Tests/EndToEnd/requirements.txt
stamp=$venv/installed-requirements

if cmp -s "$requirements" "$stamp" && "$venv/bin/python" -c 'import pytest' 2>/dev/null; then exit 0; fi

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "setup: Python 3.11 or newer is needed as python3" >&2
    exit 1
fi
echo "setup: installing the end-to-end tests' Python packages into .venv"
python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: -r "$requirements"
cp "$requirements" "$stamp" # last: an interrupted installation starts anew
