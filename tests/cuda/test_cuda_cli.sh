#!/bin/bash
# The program with the CUDA backend on a simulated device: choosing it, its errors, and going from backend to backend.
# Usage: test_cuda_cli.sh PROGRAM_WITH_SIMULATED_GPU PROGRAM
set -eu
. "$(dirname "$0")/tiny_run.sh"
simt=$1
cpu=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# exit code, words that must be in the output, command...
expect() {
    local code=$1 words=$2 found=0
    shift 2
    "$@" >output 2>&1 || found=$?
    [ $found -eq "$code" ] || fail "exit code $found, not $code: $* : $(cat output)"
    grep -qF -- "$words" output || fail "no '$words' from $* : $(cat output)"
}

write_data
cat >tiny.ini <<'END'
[model]
layers = 48
latent = 4
[data]
train_data = train.idx
test_data = test.idx
binarise = dynamic
[train]
epochs = 2
batch_size = 64
learning_rate = 3e-3
picture_interval = 0
[run]
precision = fp32
END

close() { # a b relative
    python3 -c "import sys; a, b, r = map(float, sys.argv[1:]); sys.exit(abs(a - b) > r * abs(a))" "$1" "$2" "$3" ||
        fail "$1 and $2 differ by more than $3"
}

first_epoch() { # the loss on the test images after the first epoch of a run
    python3 -c 'import json, sys
print(*[l["neg_elbo"] for l in map(json.loads, open(sys.argv[1])) if l["split"] == "test" and l["epoch"] == 1][:1])' \
        "$1/metrics.jsonl"
}

# ---- Which device, and why ----
expect 0 "cuda: SIMT" "$simt" --config tiny.ini --out first --device cuda
cp first/checkpoints/last.safetensors first.safetensors
expect 1 "device cuda: the NVIDIA driver is installed, but finds no GPU" env SIMT_DEVICES=0 "$simt" --config tiny.ini \
    --out none --device cuda
expect 0 "auto: the NVIDIA driver is installed, but finds no GPU" env SIMT_DEVICES=0 "$simt" --config tiny.ini --out third
expect 1 "compute capability 7.0, but at least 8.0" env SIMT_COMPUTE_CAPABILITY=7.0 "$simt" --config tiny.ini \
    --out none --device cuda
expect 1 "out of memory" env SIMT_MEMORY_MB=16 "$simt" --config tiny.ini --out none --device cuda

# ---- The same numbers as the CPU ----
"$cpu" --config tiny.ini --out on-cpu --device cpu --quiet
close "$(test_elbo first)" "$(test_elbo on-cpu)" 1e-4

# ---- Algorithms that give wrong numbers are passed over, and told, bar or not ----
wrong="SIMT_WRONG_SPLIT_K=-1 SIMT_UNEVEN_SPLIT_K_FIRST=1"
# shellcheck disable=SC2086
expect 0 "warning: encoder.0: [64, 48] = [64, 63] · [63, 48] with bias, relu, mask: algorithm 21, split-K 2, gives wrong" \
    env $wrong "$simt" --config tiny.ini --out passed-over --device cuda --quiet --set train.epochs=1
close "$(first_epoch first)" "$(first_epoch passed-over)" 1e-4
python3 - <<'END'
import json
remarks = json.load(open("passed-over/machine.json"))["remarks"]
assert remarks and all("gives wrong numbers" in text and "takes the next" in text for text in remarks), remarks
assert len(set(remarks)) == len(remarks), remarks
assert json.load(open("first/machine.json"))["remarks"] == []
END
# shellcheck disable=SC2086
expect 0 "gives wrong numbers" env $wrong "$simt" encode --run passed-over --out passed-over.npy --device cuda
# shellcheck disable=SC2086
expect 0 "gives wrong numbers" env $wrong "$simt" evaluate --run passed-over --device cuda

# ---- Train on one, go on with the other ----
"$cpu" --config tiny.ini --out three --device cpu --set train.epochs=3 --quiet
"$simt" --config tiny.ini --out first --device cpu --resume --set train.epochs=3 --quiet
close "$(test_elbo first)" "$(test_elbo three)" 1e-4
"$simt" --config tiny.ini --out on-cpu --device cuda --resume --set train.epochs=3 --quiet
close "$(test_elbo on-cpu)" "$(test_elbo three)" 1e-4

# ---- Using a model ----
"$cpu" encode --run three --out cpu.npy --device cpu
"$simt" encode --run three --out cuda.npy --device cuda
python3 - <<'END'
import math, struct
def read(path):
    data = open(path, "rb").read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    return struct.unpack(f"<{(len(data) - start) // 4}f", data[start:])
a, b = read("cpu.npy"), read("cuda.npy")
assert len(a) == len(b) > 100
worst = max(abs(x - y) for x, y in zip(a, b))
assert worst < 1e-4, f"codes differ by {worst}"
END
for precision in tf32 bf16; do
    expect 0 "$precision products" "$simt" --config tiny.ini --out $precision --set run.precision=$precision \
        --set train.epochs=1
    grep -qF "auto: found a GPU" output || fail "auto does not take the GPU: $(cat output)"
    close "$(first_epoch $precision)" "$(first_epoch first)" 1e-2
done

# ---- Launches one at a time: the same run, and a fault that has a name ----
VAE_CUDA_SYNC=1 "$simt" --config tiny.ini --out one-by-one --device cuda --quiet
cmp one-by-one/checkpoints/last.safetensors first.safetensors || fail "VAE_CUDA_SYNC changes a bit"
expect 1 "with VAE_CUDA_SYNC=1 in the environment the kernel is named" env SIMT_FAULT_KERNEL=adam_kernel:2 "$simt" \
    --config tiny.ini --out faulty --device cuda
expect 1 "train: 'adam': kernel adam failed: an illegal memory access" env SIMT_FAULT_KERNEL=adam_kernel:2 \
    VAE_CUDA_SYNC=1 "$simt" --config tiny.ini --out named --device cuda

# ---- How long a step takes: the launches that --cost lists, whatever their times are worth here ----
"$cpu" info --cost --json --config tiny.ini >cost.json
"$simt" info --measure --json --config tiny.ini --device cuda --repeats 3 --set train.log_interval=2 >measured.json
python3 - <<'END'
import json
cost, measured = json.load(open("cost.json")), json.load(open("measured.json"))
launches = measured["launches"]
assert [(l["kind"], l["name"], l["flops"]) for l in launches] == [(l["launch"], l["of"], l["flops"]) for l in cost["list"]]
assert [l.get("product", {}).get("epilogue", "") for l in launches] == [l["epilogue"] for l in cost["list"]]
assert sum(l["graph_nodes"] for l in launches) == cost["graph_nodes"]
assert all(l["seconds"] > 0 and l["roofline_share"] is None for l in launches)
assert all(l["product"]["right"] and l["product"]["algorithm"] == 67 for l in launches if l["kind"] == "matmul")
assert measured["replay_seconds"] > 0 and measured["roofline_seconds"] is None and measured["precision"] == "fp32"
END
expect 0 "no share of the roofline: there is no data sheet for 'SIMT" "$simt" info --measure --config tiny.ini --repeats 2 \
    --set train.log_interval=2
[ "$(wc -L <output)" -le 120 ] || fail "lines of more than 120 columns: $(cat output)"
algorithms() { # of the products that info --measure measures
    "$simt" info --measure --json --device cuda --repeats 2 --set train.log_interval=1 "$@" >measured.json || fail "measure $*"
    python3 -c 'import json
print(*{l["product"]["algorithm"] for l in json.load(open("measured.json"))["launches"] if "product" in l})'
}
export SIMT_ALGORITHM_DURATION=-1:9,71:2
[ "$(algorithms --config tiny.ini --set run.tune=yes)" = 71 ] || fail "measuring does not tune"
XDG_CACHE_HOME=$work/none "$simt" --config tiny.ini --out tuned --device cuda --quiet --set run.tune=yes \
    --set train.epochs=1
unset SIMT_ALGORITHM_DURATION
cp tuned/products.json kept.json
[ "$(algorithms --run tuned --set run.tune=no)" = 71 ] || fail "measuring does not take the algorithms of the run"
cmp tuned/products.json kept.json || fail "measuring writes to the run"

# ---- What a step costs ----
for options in "" "--set run.precision=bf16" "--set train.clip_norm=1" "--set model.objective=ae" \
    "--set model.objective=kl" "--set model.activation=gelu" "--set model.layers=none"; do
    # shellcheck disable=SC2086
    "$cpu" info --cost --json --config tiny.ini $options >cost.json
    python3 - "$options" <<'END'
import json, sys
cost = json.load(open("cost.json"))
assert cost["launches"] == cost["graph_nodes"] == len(cost["list"]) > 3, sys.argv[1]
assert cost["elementwise_over_minimum"] >= 0.999, sys.argv[1]
for launch in cost["list"]:
    assert (launch["blocks"] is None) == (launch["launch"] == "matmul"), launch
    assert launch["blocks"] is None or launch["blocks"] > 0, launch
if sys.argv[1] == "":
    assert cost["launches"] <= 18 and cost["elementwise_over_minimum"] <= 1.25, cost
END
done
echo "passed"
