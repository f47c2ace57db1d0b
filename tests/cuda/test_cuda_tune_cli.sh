#!/bin/bash
# [run] tune in real processes on a simulated device: measured once, kept by the run and for others.
# Usage: test_cuda_tune_cli.sh PROGRAM_WITH_SIMULATED_GPU PROGRAM
set -eu
. "$(dirname "$0")/tiny_run.sh"
simt=$1
cpu=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

write_data
cat >tiny.ini <<'END'
[model]
layers = 8
latent = 4
[data]
train_data = train.idx
test_data = test.idx
binarise = dynamic
[train]
epochs = 2
batch_size = 100
learning_rate = 3e-3
[run]
precision = fp32
END

export XDG_CACHE_HOME=$work/cache
fast71="SIMT_ALGORITHM_DURATION=-1:0:10,71:0:8 SIMT_KERNEL_DURATION=_kernel:9"
fast6="SIMT_ALGORITHM_DURATION=-1:0:10,6:0:5 SIMT_KERNEL_DURATION=_kernel:1"
train_small() { # environment, run folder, options...
    local variables=$1 folder=$2
    shift 2
    # shellcheck disable=SC2086
    env $variables "$simt" --config tiny.ini --device cuda --out "$folder" --quiet "$@" >output 2>&1 ||
        fail "$variables $folder $*: $(cat output)"
}
says() {
    grep -qF -- "$1" output || fail "no '$1': $(cat output)"
}
products_are() { # folder, algorithm, measured (True or False)
    python3 - "$@" <<'END'
import json, sys
products = json.load(open(f"{sys.argv[1]}/products.json"))["products"]
assert {p["id"] for p in products} == {int(sys.argv[2])}, products
assert all(("microseconds" in p) == (sys.argv[3] == "True") for p in products), products
assert any(p["used"] and p["epilogue"] == "bias, relu, mask" for p in products), products
END
}
train_small "$fast71" untuned
products_are untuned 67 False
[ ! -e cache ] || fail "a run that was not tuned left a cache"
train_small "$fast71" tuned --set run.tune=yes
products_are tuned 71 True
train_small "$fast6" cached --set run.tune=yes --set train.epochs=1
products_are cached 71 True
# A resume takes what the run began with, tuned or not, whatever is faster now.
rm -r cache
train_small "$fast6 SIMT_UNEVEN_SPLIT_K_FIRST=1" cached --resume --set run.tune=no
products_are cached 71 True
[ "$(test_elbo tuned)" = "$(test_elbo cached)" ] || fail "a resumed run differs from one in one go"
train_small "$fast6 SIMT_UNEVEN_SPLIT_K_FIRST=1" untuned --resume --set run.tune=yes --set train.epochs=3
products_are untuned 67 False
[ ! -s output ] || fail "a resume warns: $(cat output)"
# Another GPU's or a damaged file is told and replaced.
sed -i 's/"gpu": "/"gpu": "old /' cached/products.json
train_small "$fast6" cached --resume --set run.tune=yes --set train.epochs=3
says "products.json is of old SIMT"
python3 -c 'import json; json.load(open("cached/products.json"))'
for file in cache/vae-cuda/*_fp32.json; do echo "{" >"$file"; done
train_small "$fast71" again --set run.tune=yes
says "_fp32.json is damaged"
train_small "$fast6" third --set run.tune=yes
products_are third 71 True
# Elsewhere there is nothing to tune.
"$cpu" --config tiny.ini --out untunable --device cpu --quiet --set run.tune=yes --set train.epochs=1
[ ! -e untunable/products.json ] || fail "products.json of a CPU"
echo "passed"
