#!/bin/bash
# scripts/get-data sketches, in a project folder of its own without ../shared, with curl, wget, apt-get and pip replaced by
# stand-ins where the outside world would decide what happens.
set -u

project=$PWD
[ -x "$project/scripts/get-data" ] || { echo "run this from the project's root" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/project/scripts" "$work/bin" "$work/local/strokes"
cp "$project/scripts/get-data" "$work/project/scripts/"
get=$work/project/scripts/get-data
out=$work/project/data
given=${VAE_DATA:-$project/../shared/data}
export VAE_DATA=/nonexistent
failures=0

run() {
    output=$(PATH="$work/bin:$PATH" timeout 120 "$get" "$@" 2>&1)
    code=$?
}
expect() { # what command...
    local what=$1
    shift
    if "$@"; then return; fi
    echo "FAILED: $what (exit code $code)"
    echo "$output" | sed 's/^/    /'
    failures=$((failures + 1))
}
says() { [[ $output == *"$1"* ]]; }
is() { [ "$code" -eq "$1" ]; }
nothing_left() { [ -z "$(find "$out" -name '*.npz' -o -name '*.svg' -o -name '.get-data*' 2>/dev/null)" ]; }
stand_in() { # name, script on standard input
    { echo "#!/bin/bash"; cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
python=$(command -v python3)
no_network() {
    stand_in curl <<<'exit 6'
    stand_in wget <<<'exit 4'
    stand_in apt-get <<<'exit 100'
    stand_in sudo <<<'exit 1'
    stand_in python3 <<END
[ "\$1 \$2" = "-m pip" ] || exec $python "\$@"
[ "\$3" != download ] || { echo "ERROR: no package index can be reached"; exit 1; }
END
}
# pip gives a wheel of so many characters.
wheel_of() { # count
    "$python" - "$work/kanjivg-1.whl" "$1" <<'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for i in range(int(sys.argv[2])):
        wheel.writestr(f"kanji/{i:05x}.svg", '<svg viewBox="0 0 109 109"><path d="M1 2h3"/></svg>')
    wheel.writestr("kanjivg-1.dist-info/RECORD", "")
END
    stand_in python3 <<END
[ "\$1 \$2" = "-m pip" ] || exec $python "\$@"
while [ \$# -gt 1 ]; do [ "\$1" != -d ] || cp "$work/kanjivg-1.whl" "\$2"; shift; done
END
}
files() { ls "$out/strokes/kanji/$1" | wc -l; }

# ---- Nothing can be reached ----
no_network
run sketches
expect "no source gives 1" is 1
expect "each mirror is named" says "sketches: cannot download https://"
expect "the package is named" says "pip cannot download kanjivg"
expect "pip's reason is shown" says "no package index can be reached"
expect "no source leaves nothing" nothing_left
"$VAE_PROGRAM" info --config /dev/null --set data.train_data=data/strokes/aaron-sheep.npz >"$work/log" 2>&1
output=$(cat "$work/log")
expect "the program says where they come from" says "scripts/get-data sketches puts it there"

# ---- Files that are something else ----
stand_in curl <<'END'
while [ $# -gt 1 ]; do [ "$1" != -o ] || target=$2; shift; done
echo "<html>Please log in</html>" >"$target"
END
echo "not sheep" >"$work/local/strokes/aaron-sheep.npz"
VAE_DATA=$work/local run sketches
expect "a wrong download gives 1" is 1
expect "a wrong local copy is named" says "aaron-sheep.npz is not the published file"
expect "a wrong download is named" says "does not have the published checksum"
expect "a wrong download leaves nothing" nothing_left

# ---- Characters from the package ----
no_network
wheel_of 100
run sketches
expect "too few characters give 1" is 1
expect "too few characters are refused" says "does not hold the characters that it is known to hold"
expect "too few characters leave nothing" nothing_left
wheel_of 10000
run sketches
expect "characters give 0" is 0
expect "characters are called so" says "the characters of KanjiVG"
expect "how to train on them" says "--set data.train_data=data/strokes/kanji"
expect "SOURCE.txt says it too" grep -q "there were no sheep" "$out/strokes/SOURCE.txt"
expect "their parts" [ "$(files train) $(files valid) $(files test)" = "9000 500 500" ]
run sketches
expect "again gives 0" is 0
expect "again says so" says "there already: the characters of KanjiVG"

# ---- Sheep: from a local copy, and through a mirror ----
no_network
if [ -r "$given/strokes/aaron-sheep.npz" ]; then
    VAE_DATA=$given run sketches --out "$work/elsewhere"
    expect "a local copy gives 0" is 0
    expect "a local copy is named" says "the 8,000 sheep of sketch-rnn (Aaron Koblin, CC BY-NC 4.0), from a local copy"
    expect "the file can be written" [ -w "$work/elsewhere/strokes/aaron-sheep.npz" ]
    run sketches --out "$work/elsewhere"
    expect "the sheep again" says "there already: the 8,000 sheep"
    rm "$work/elsewhere/strokes/SOURCE.txt"
    echo mine >"$work/elsewhere/strokes/aaron-sheep.npz"
    run sketches --out "$work/elsewhere"
    expect "foreign files give 1" is 1
    expect "foreign files are named" says "is not from here"
    expect "foreign files stay" grep -q mine "$work/elsewhere/strokes/aaron-sheep.npz"
    rm -rf "$out"
    stand_in curl <<END
while [ \$# -gt 1 ]; do [ "\$1" != -o ] || target=\$2; shift; done
cat "$given/strokes/aaron-sheep.npz" >"\$target"
END
    run sketches
    expect "a mirror gives 0" is 0
    expect "a mirror is named" says "from https://raw.githubusercontent.com/hardmaru/sketch-rnn-datasets"
else
    echo "left out: the sheep, since neither VAE_DATA nor ../shared/data holds them"
fi

[ $failures -eq 0 ] && echo "get-data sketches: all as expected"
[ $failures -eq 0 ]
