#!/bin/bash
# The manual page is free of warnings, and a shell that has read the completion script completes what it should. Run with
# VAE_PROGRAM in the environment.
set -u
program=$(realpath "${VAE_PROGRAM:?}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0
fail() {
    echo "failed: $*" >&2
    failures=$((failures + 1))
}

# ---- The manual page ----
"$program" manual >vae-cuda.1 || fail "manual"
warnings=$(LC_ALL=C.UTF-8 groff -K utf8 -ww -z -man -Tutf8 vae-cuda.1 2>&1)
[ -z "$warnings" ] || fail "groff warns: $warnings"
LC_ALL=C.UTF-8 groff -K utf8 -man -Tutf8 -P-cbou vae-cuda.1 >page || fail "groff"
for words in "vae-cuda interpolate" "--with-originals" "learning_rate = 0.001" "128 + n" "one of vae, ae, kl"; do
    tr -s ' \n' '  ' <page | grep -qF -- "$words" || fail "no '$words' in the manual page"
done
"$program" manual --extra 2>/dev/null && fail "manual takes an option that it has not"

# ---- Completion ----
"$program" completion --shell bash >completion.bash || fail "completion"
bash -n completion.bash || fail "bash cannot read the completion script"
"$program" completion --shell zsh >_vae-cuda || fail "completion --shell zsh"
zsh -n _vae-cuda || fail "zsh cannot read the completion script"
"$program" completion --shell fish 2>errors
[ $? -eq 2 ] || fail "--shell fish is not refused"
grep -q "'fish' is not one of bash, zsh" errors || fail "--shell fish: $(cat errors)"

. ./completion.bash
mkdir -p runs configs
touch configs/mnist.ini readme.txt

# What the words of a line, cut as readline cuts them, are completed to, against what is expected.
expect() { # expected, word...
    local expected=$1 found
    shift
    COMP_WORDS=(vae-cuda "$@")
    COMP_CWORD=$#
    _vae_cuda
    found=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ')
    [ "$found" = "$expected" ] || fail "'$*' is completed to '$found', not '$expected'"
}
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
expect "train traverse" tra
expect "--prior" sample --prio
expect "aggregate standard" sample --prior ""
expect "cuda" sample --device cu
expect "cuda" sample --device = cu
expect "--resume" --resu
expect "--version" --vers
expect "" sample --vers
expect "model.objective=" --set model.objec
expect "dreg" train --set model.objective = d
expect "ae dreg iwae kl vae" --set model.objective =
expect "reference" --set run.device=cpu --set run.device = r
expect "" sample --count ""
expect "channels_first channels_last" encode --layout ""
expect "test" encode --split te
expect "runs" sample --run r
expect "readme.txt runs" --config r
expect "configs/mnist.ini" --config configs/m
expect "configs/mnist.ini" --set data.train_data = configs/m
expect "--quiet" decode --force --q
COMP_WORDBREAKS=$' \t\n"\'><;|&('
expect "model.objective=dreg" --set model.objective=d
expect "--device=cuda" sample --device=cu

[ $failures -eq 0 ] && echo passed
