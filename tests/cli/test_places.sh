#!/bin/bash
# Data that moved: a run is resumed and used with its new place, which must hold the same; relative paths are found from
# the working directory, the configuration's folder and where the run was trained, also when the project moved. What a
# run names is looked at before it trains.
set -u
program=${VAE_PROGRAM:?}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
# code, words in the message or "", command...
expect() {
    local code=$1 words=$2
    shift 2
    "$program" "$@" > output 2> errors
    local got=$?
    [ $got -eq "$code" ] || fail "$*: exit code $got, expected $code: $(cat errors)"
    if [ -n "$words" ]; then
        grep -qF -- "$words" errors || fail "$*: '$(cat errors)' lacks '$words'"
    elif [ -s errors ]; then
        fail "$*: said $(cat errors)"
    fi
}

images() { # count, seed
    printf '\0\0\010\003\0\0\0'
    printf "\\$(printf %03o "$1")"
    printf '\0\0\0\004\0\0\0\004'
    for i in $(seq "$1"); do printf '0z%02d%sz%02dzz0\37700z1' "$i" "$2" "$((99 - i))"; done
}

mkdir -p project/configs project/data
images 40 0 > project/data/train.idx
images 12 1 > project/data/test.idx
printf '\0\0\010\001\0\0\0\050' > project/data/labels.idx
for _ in $(seq 20); do printf '\0\1'; done >> project/data/labels.idx
{ echo smiles; for i in $(seq 40); do echo $((i % 2)); done; } > project/data/smiles.csv
printf '[model]\nlayers = 8\nlatent = 2\n[data]\ntrain_data = data/train.idx\ntrain_labels = data/labels.idx\ntrain_attributes = data/smiles.csv\ntest_data = data/test.idx\n[train]\nepochs = 2\nbatch_size = 8\npicture_interval = 0\n[run]\nthreads = 1\n[evaluate]\nsamples = 10\n' > project/configs/tiny.ini

# Each command that opens the run's data, with further arguments.
use_all() { # code, words, run, arguments...
    local code=$1 words=$2 run=$3
    shift 3
    local quiet="--quiet --force"
    # shellcheck disable=SC2086
    {
        expect "$code" "$words" reconstruct --run "$run" --out "$folder/r.png" $quiet "$@"
        expect "$code" "$words" encode --run "$run" --out "$folder/c.npy" $quiet "$@"
        expect "$code" "$words" latent --run "$run" --out "$folder/l" $quiet "$@"
        expect "$code" "$words" traverse --run "$run" --out "$folder/t.png" $quiet "$@"
        expect "$code" "$words" probe --run "$run" --label 1 $quiet "$@"
        expect "$code" "$words" arithmetic --run "$run" --attribute smiles --index 0,1 --out "$folder/a.png" $quiet "$@"
        expect "$code" "$words" interpolate --run "$run" --from 0 --to 1 --out "$folder/i.png" $quiet "$@"
        expect "$code" "$words" sample --run "$run" --prior aggregate --components 2 --count 2 --out "$folder/s.png" $quiet "$@"
    }
}

cd project
expect 0 "" --config configs/tiny.ini --out run --quiet
expect 0 "" --config configs/tiny.ini --out whole --quiet --set train.epochs=4
use_all 0 "" run

# From elsewhere, by where it was trained; and after the whole project moved.
cd "$folder"
expect 0 "" reconstruct --run project/run --out r.png --quiet --force
mv project moved
expect 0 "" reconstruct --run moved/run --out r.png --quiet --force
expect 0 "" arithmetic --run moved/run --attribute smiles --index 0 --out a.png --quiet --force
expect 0 "" evaluate --run moved/run
cp -r moved/run alone
expect 0 "" reconstruct --checkpoint moved/run/checkpoints/last.safetensors --out r.png --quiet --force
expect 0 "" --resume --out moved/run --quiet --set train.epochs=3
mv moved project

# Paths from the configuration's own folder; the working directory comes first.
mkdir project/configs/data
cp project/data/* project/configs/data/
expect 0 "" --config project/configs/tiny.ini --out beside --quiet
grep -q '^train_data = data/train.idx' beside/config.ini || fail "a relative path did not stay relative"
expect 0 "" reconstruct --run beside --out r.png --quiet --force
mkdir data
images 40 0 > data/train.idx
expect 0 "data/train.idx is taken, not project/configs/data/train.idx" --config project/configs/tiny.ini --out both --quiet
rm -r data project/configs/data both

# Data that moved within the project.
cd project
mv data elsewhere
expect 2 "looked for in the working directory, run" --resume --out run --quiet --set train.epochs=4
grep -q -- '--set data.train_data=PATH' errors || fail "no word on how to go on: $(cat errors)"
expect 2 "--set data.train_data=PATH" reconstruct --run run --out r.png
new="--set data.train_data=elsewhere/train.idx --set data.test_data=elsewhere/test.idx --set data.train_labels=elsewhere/labels.idx --set data.train_attributes=elsewhere/smiles.csv"
# shellcheck disable=SC2086
{
    use_all 0 "" run $new
    expect 0 "" evaluate --run run $new
    expect 0 "" --resume --out run --quiet --set train.epochs=4 $new
}
grep -q '^train_data = elsewhere/train.idx' run/config.ini || fail "config.ini does not name the new place"
for name in metrics.jsonl; do
    cmp -s <(sed 's/"images_per_second.*//' run/$name) <(sed 's/"images_per_second.*//' whole/$name) ||
        fail "$name differs from that of a run whose data never moved"
done
use_all 0 "" run

# Other data are refused, and only the place can be changed.
images 40 7 > other.idx
images 30 0 > fewer.idx
# shellcheck disable=SC2086
{
    use_all 2 "other images" run $new --set data.train_data=other.idx
    expect 2 "other images" --resume --out run --quiet --set train.epochs=5 $new --set data.train_data=other.idx
    expect 1 "40 labels for 30 images" --resume --out run --quiet --set train.epochs=5 $new --set data.train_data=fewer.idx
}
expect 0 "another number of images" evaluate --run run --set data.test_data=other.idx --set data.train_data=elsewhere/train.idx
expect 2 "only the location of its data" reconstruct --run run --out r.png --force --set data.limit=3
expect 2 "only the location of its data" reconstruct --run run --out r.png --force --set model.latent=3

# A run without a record, as of earlier versions.
rm run/data.json
expect 0 "only their number and shape" reconstruct --run run --out r.png --force --set data.test_data=elsewhere/test.idx
expect 2 "now there are 30" reconstruct --run run --out r.png --force --set data.train_data=fewer.idx --set data.train_labels=

# Told before training.
for key in train_data train_labels train_attributes validation_data test_data test_labels test_attributes; do
    # shellcheck disable=SC2086
    expect 2 "$key" --config configs/tiny.ini --out refused --quiet $new --set data.$key=nowhere.csv
done
head -20 elsewhere/smiles.csv > few.csv
# shellcheck disable=SC2086
{
    expect 1 "few.csv" --config configs/tiny.ini --out refused --quiet $new --set data.train_attributes=few.csv
    expect 1 "12" --config configs/tiny.ini --out refused --quiet $new --set data.test_labels=elsewhere/labels.idx
    expect 1 "other.idx" --config configs/tiny.ini --out other.idx/run --quiet $new
    expect 1 "other.idx" --config configs/tiny.ini --out refused --quiet $new --set data.cache=other.idx/cache
}
[ ! -e refused ] || fail "a run that was refused left a folder"

exit $((failures > 0))
