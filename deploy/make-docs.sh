#!/bin/sh
# Makes the code's documentation with DocC, in .build/documentation: one archive of all modules, for any web server. A
# warning (a link to nothing, an unknown parameter) is an error.
set -eu
cd "$(dirname "$0")/.."

work=.build/docc
graphs=$work/symbol-graphs
rm -rf "$work" .build/documentation
mkdir -p "$graphs" "$work/archives"

# From the modules of the development build, which this makes if it is not there.
dumped=$(swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members |
    sed -n 's/^Files written to //p')
if [ ! -d "$dumped" ]; then
    echo "make-docs: no symbol graphs were written" >&2
    exit 1
fi

# Of the libraries in Swift: executables and C have no interface to document.
for graph in "$dumped"/*.symbols.json; do
    module=$(basename "$graph" .symbols.json)
    case $module in C[A-Z]* | *@* | *Tests | TestSupport) continue ;; esac
    mkdir -p "$graphs/$module"
    cp "$dumped/$module.symbols.json" "$dumped/$module"@*.symbols.json "$graphs/$module/" 2>/dev/null || true
    docc convert --additional-symbol-graph-dir "$graphs/$module" --fallback-display-name "$module" \
        --fallback-bundle-identifier "bedrock-relay.$module" --warnings-as-errors \
        --output-path "$work/archives/$module.doccarchive" >"$work/$module.log" 2>&1 || {
        cat "$work/$module.log" >&2
        exit 1
    }
done
docc merge "$work"/archives/*.doccarchive --output-path .build/documentation \
    --synthesized-landing-page-name "Bedrock Relay" --synthesized-landing-page-kind Package >/dev/null
echo "make-docs: .build/documentation has $(find "$work/archives" -name '*.doccarchive' | wc -l) modules"
