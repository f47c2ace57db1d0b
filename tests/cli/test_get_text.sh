#!/bin/bash
# scripts/get-data text, in a project folder of its own without ../shared, with curl, wget, apt-get and sudo replaced by
# stand-ins where the outside world would decide what happens.
set -u

project=$PWD
[ -x "$project/scripts/get-data" ] || { echo "run this from the project's root" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/project/scripts" "$work/bin"
cp "$project/scripts/get-data" "$project/scripts/wordnet_to_text.awk" "$work/project/scripts/"
get=$work/project/scripts/get-data
out=$work/project/data
given=${VAE_DATA:-$project/../shared/data}
export VAE_DATA=/nonexistent VAE_WORDNET=/nonexistent
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
nothing_left() { [ -z "$(find "$out" -name '*.gz' -o -name '.get-data*' 2>/dev/null)" ]; }
lines() { for part in train validation test; do gzip -dc "$1/$part.txt.gz" | wc -l; done | xargs; }
stand_in() { # name, script on standard input
    { echo "#!/bin/bash"; cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
no_network() {
    stand_in curl <<<'exit 6'
    stand_in wget <<<'exit 4'
    stand_in apt-get <<<'exit 100'
    stand_in sudo <<<'exit 1'
}

# ---- Nothing can be reached ----
no_network
run text
expect "no source gives 1" is 1
expect "each mirror is named" says "text: cannot download from https://"
expect "the package's command is told" says "apt-get install wordnet-base"
expect "no source leaves nothing" nothing_left
"$VAE_PROGRAM" info --config /dev/null --set data.train_data=data/text/train.txt.gz >"$work/log" 2>&1
output=$(cat "$work/log")
expect "the program says where it comes from" says "scripts/get-data text puts it there"

# ---- A mirror that gives something else ----
stand_in curl <<'END'
while [ $# -gt 1 ]; do [ "$1" != -o ] || target=$2; shift; done
echo "<html>Please log in</html>" >"$target"
END
run text
expect "a wrong download gives 1" is 1
expect "a wrong download is named" says "does not have the published checksums"
expect "a wrong download leaves nothing" nothing_left

# ---- A WordNet that is another one ----
no_network
mkdir "$work/wordnet"
echo '00001740 03 n 01 thing 0 000 | a thing of a made-up kind; "one of these"' | tee "$work/wordnet/data."{noun,verb,adj,adv} >/dev/null
VAE_WORDNET=$work/wordnet run text
expect "made-up definitions give 1" is 1
expect "made-up definitions are refused" says "are not those that are known"
expect "made-up definitions leave nothing" nothing_left

# ---- WordNet, from the real package ----
rm "$work/bin/apt-get"
(cd "$work" && apt-get download -q wordnet-base >apt.log 2>&1 && dpkg-deb -x wordnet-base_*.deb package)
if [ -e "$work/package/usr/share/wordnet/data.noun" ]; then
    no_network
    VAE_WORDNET=$work/package/usr/share/wordnet run text
    expect "WordNet gives 0" is 0
    expect "WordNet is called so" says "113,262 definitions of words, from WordNet 3.0"
    expect "SOURCE.txt says it too" grep -q "not the Penn Treebank" "$out/text/SOURCE.txt"
    expect "its parts" [ "$(lines "$out/text")" = "107591 2838 2833" ]
    run text
    expect "again gives 0" is 0
    expect "again says so" says "there already: 113,262 definitions"
    # One file damaged: all are made again, or it is said why not.
    printf 'x' | dd of="$out/text/train.txt.gz" bs=1 seek=5000 conv=notrunc 2>/dev/null
    VAE_WORDNET=$work/package/usr/share/wordnet run text
    expect "damage is mended" is 0
    expect "damage is gone" gzip -t "$out/text/train.txt.gz"
    rm "$out/text/SOURCE.txt"
    echo mine >"$out/text/test.txt.gz"
    run text
    expect "foreign files give 1" is 1
    expect "foreign files are named" says "is not from here"
    rm -rf "$out"
else
    echo "left out: WordNet, since Debian's wordnet-base cannot be reached"
fi

# ---- The Treebank: from a local copy, and through a mirror ----
no_network
if [ -r "$given/ptb/ptb.train.txt.gz" ]; then
    VAE_DATA=$given run text --out "$work/elsewhere"
    expect "a local copy gives 0" is 0
    expect "a local copy is named" says "the Penn Treebank in Mikolov's preparation, from a local copy"
    expect "the Treebank's parts" [ "$(lines "$work/elsewhere/text")" = "42068 3370 3761" ]
    expect "--out is obeyed" [ ! -e "$out" ]
    run text --out "$work/elsewhere"
    expect "the Treebank again" says "there already: the Penn Treebank"
    stand_in curl <<END
while [ \$# -gt 1 ]; do [ "\$1" != -o ] || target=\$2; shift; done
gzip -dc "$given/ptb/\${1##*/}.gz" >"\$target"
END
    run text
    expect "a mirror gives 0" is 0
    expect "a mirror is named" says "from https://"
    rm -rf "$out"
    # A mirror whose files are cut short.
    stand_in curl <<END
while [ \$# -gt 1 ]; do [ "\$1" != -o ] || target=\$2; shift; done
gzip -dc "$given/ptb/\${1##*/}.gz" | head -c 4000 >"\$target"
END
    run text
    expect "a download cut short gives 1" is 1
    expect "a download cut short leaves nothing" nothing_left
else
    echo "left out: the Penn Treebank, since neither VAE_DATA nor ../shared/data holds it"
fi

[ $failures -eq 0 ] && echo "get-data text: all as expected"
[ $failures -eq 0 ]
