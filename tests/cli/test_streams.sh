#!/bin/bash
# Standard descriptors that are closed, full or no longer read: no file is opened on them, a training goes on without
# them, and a command that loses output says so. SIGHUP stays ignored under nohup.
set -u
program=${VAE_PROGRAM:?}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() { echo "FAILED: $*"; failures=$((failures + 1)); }
expect_code() { [ "$1" -eq "$2" ] || fail "$3: exit code $1, expected $2"; }

# 40 images of 4x4, IDX.
{ printf '\0\0\010\003\0\0\0\050\0\0\0\004\0\0\0\004'; for i in $(seq 40); do printf '0z%02d0z%02dzz0000z1' "$i" "$((99 - i))"; done; } > train.idx
printf '[model]\nlayers = 8\nlatent = 2\n[data]\ntrain_data = train.idx\n[train]\nepochs = 3\nbatch_size = 8\npicture_interval = 0\n[run]\nthreads = 1\n' > tiny.ini

"$program" --config tiny.ini --out whole > whole.txt 2>&1
expect_code $? 0 "an ordinary run"
sed 's/"images_per_second.*//' whole/metrics.jsonl > expected

same_run() { sed 's/"images_per_second.*//' "$1/metrics.jsonl" | cmp -s - expected || fail "$1: other metrics than of an ordinary run"; }

"$program" --config tiny.ini --out closed <&- >&- 2>&-
expect_code $? 0 "descriptors 0 to 2 closed"
same_run closed
"$program" report --run closed --out closed.html --quiet > /dev/null || fail "a report of the run without descriptors"
for descriptors in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-'; do
    eval "\"\$program\" sample --run closed --count 1 --out picture.png --force --quiet $descriptors"
    expect_code $? 0 "sample $descriptors"
    [ "$(head -c 4 picture.png | tail -c 3)" = PNG ] || fail "sample $descriptors: its picture is not a picture"
done

"$program" --config tiny.ini --out full > /dev/full 2> /dev/full
expect_code $? 0 "training into a full device"
same_run full

{ "$program" --config tiny.ini --out piped --set train.epochs=20; echo $? > code; } 2>&1 | head -1 > /dev/null
expect_code "$(cat code)" 0 "training into a pipe that is closed"
[ "$(grep -c train_epoch piped/metrics.jsonl)" -eq 20 ] || fail "a closed pipe ended the training"

for command in "info --config tiny.ini" "--help" "train --help" "--help-config" "--version" "latent --help"; do
    # shellcheck disable=SC2086
    "$program" $command > /dev/full 2> errors
    expect_code $? 1 "$command > /dev/full"
    grep -q 'standard output cannot be written' errors || fail "$command > /dev/full: $(cat errors)"
done
{ "$program" --help-config; echo $? > code; } 2> errors | true
expect_code "$(cat code)" 1 "--help-config into a pipe that is closed"

# Files may not grow past a limit: an error, and what was saved stays.
(ulimit -f 16; "$program" --resume --out whole --set train.epochs=90 --quiet) 2> errors
expect_code $? 1 "past a limit on file sizes"
grep -q 'File too large' errors || fail "past a limit on file sizes: $(cat errors)"
"$program" --resume --out whole --set train.epochs=90 --quiet || fail "no resume after a limit on file sizes"

# nohup's SIGHUP stays ignored: the run is still there to be ended by SIGTERM.
(trap '' HUP; exec "$program" --config tiny.ini --quiet --set train.epochs=100000000 --out nohup) 2> errors &
started=$!
wait_for_lines() { while [ -d "/proc/$started" ] && [ "$(cat nohup/metrics.jsonl 2> /dev/null | wc -l)" -lt "$1" ]; do sleep 0.02; done; }
wait_for_lines 1
kill -HUP $started
wait_for_lines $(($(wc -l < nohup/metrics.jsonl) + 3))
kill -TERM $started
wait $started
expect_code $? 143 "SIGHUP ignored, then SIGTERM"

exit $((failures > 0))
