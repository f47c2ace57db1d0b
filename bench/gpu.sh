#!/bin/bash
# On a machine with an NVIDIA GPU: builds, checks parity with the reference on the device, looks for errors with
# compute-sanitizer, times training against PyTorch, and writes one JSON report.
#   bench/gpu.sh [--out FILE] [--rounds N] [--epochs N] [--skip-peers] [--dry-run]
# --dry-run runs nothing on a GPU: it checks the tools and files that each step needs, and writes the plan as the report.
set -u
cd "$(dirname "$0")/.." || exit 1

out=gpu-report.json
rounds=3
epochs=10
peers=yes
dry=no
while [ $# -gt 0 ]; do
    case "$1" in
    --out) out=${2:?--out needs a file} && shift ;;
    --rounds) rounds=${2:?--rounds needs a number} && shift ;;
    --epochs) epochs=${2:?--epochs needs a number} && shift ;;
    --skip-peers) peers=no ;;
    --dry-run) dry=yes ;;
    -h | --help)
        sed -n '2,5s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    *)
        echo "gpu.sh: unknown argument '$1'; see --help" >&2
        exit 2
        ;;
    esac
    shift
done

build=build/gpu
test=$build/test_parity_cuda
program=$build/vae-cuda
venv=bench/.venv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# name command...: one line of the report a step, with its exit code and seconds.
step() {
    local name=$1 start code=0
    shift
    echo "=== $name: $*"
    start=$(date +%s)
    if [ $dry = no ]; then
        "$@" >"$work/output" 2>&1 || code=$?
        tail -n 20 "$work/output"
    fi
    [ $code -eq 0 ] || failed=1
    python3 - "$name" "$code" $(($(date +%s) - start)) "$*" "$dry" >>"$work/steps" <<'END'
import json, sys
name, code, seconds, command, dry = sys.argv[1:]
step = {"step": name, "command": command}
if dry == "no":
    step.update(exit_code=int(code), seconds=int(seconds))
print(json.dumps(step))
END
}

train() { # name command...: a timed training; its last line of output, or metrics.jsonl, holds the figures
    local name=$1
    shift
    rm -rf "$work/run"
    step "train: $name" "$@"
    [ $dry = yes ] || python3 - "$name" "$work" >>"$work/trainings" <<'END'
import json, pathlib, statistics, sys
name, work = sys.argv[1], pathlib.Path(sys.argv[2])
metrics = work / "run/metrics.jsonl"
if metrics.exists():
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    rates = [line["images_per_second"] for line in lines if line["split"] == "train_epoch"]
    result = {"images_per_second": statistics.median(rates[1:] or rates),
              "test_neg_elbo": [line["neg_elbo"] for line in lines if line["split"] == "test"][-1]}
else:
    lines = (work / "output").read_text().splitlines()
    result = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
print(json.dumps({"contender": name, **result}))
END
}

missing=""
for tool in cmake ninja nvcc compute-sanitizer nvidia-smi python3; do
    command -v $tool >/dev/null || missing="$missing $tool"
done
[ -f data/mnist/SOURCE.txt ] || missing="$missing data/mnist(scripts/get-data)"
if [ -n "$missing" ]; then
    echo "missing:$missing"
    [ $dry = yes ] || exit 1
fi

step build sh -c "cmake -G Ninja -S . -B $build -DCMAKE_BUILD_TYPE=Release -DVAE_CUDA=ON -DVAE_WERROR=ON && cmake --build $build"
step parity env VAE_REQUIRE_GPU=1 $test
step "parity of batches and samples" env VAE_REQUIRE_GPU=1 ${test}_data
step "likelihoods" env VAE_REQUIRE_GPU=1 ${test}_likelihoods
for tool in memcheck racecheck initcheck synccheck; do
    step "compute-sanitizer $tool" env VAE_REQUIRE_GPU=1 compute-sanitizer --tool $tool --target-processes all \
        --error-exitcode 9 $test -j1
done
[ $peers = no ] || step "PyTorch" sh -c "[ -x $venv/bin/python ] || python3 -m venv $venv; $venv/bin/pip install -q numpy torch"
for round in $(seq "$rounds"); do
    for precision in tf32 fp32 bf16; do
        train "vae-cuda $precision" $program --config configs/mnist.ini --device cuda --out "$work/run" --quiet \
            --set run.precision=$precision --set train.epochs="$epochs" --set train.picture_interval=0
    done
    for mode in eager compiled graphed; do
        [ $peers = no ] || train "pytorch $mode" $venv/bin/python bench/peers/pytorch_gpu.py --data data/mnist \
            --epochs "$epochs" --mode $mode
    done
done

python3 - "$work" "$out" "$dry" "$missing" <<'END'
import json, pathlib, subprocess, sys
work, out, dry, missing = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "yes", sys.argv[4].split()

def lines(name):
    path = work / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

report = {"dry_run": dry, "missing": missing, "steps": lines("steps"), "trainings": lines("trainings")}
if not dry:
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.max.sm", "--format=csv,noheader"]
    report["gpu"] = subprocess.run(query, capture_output=True, text=True).stdout.strip()
pathlib.Path(out).write_text(json.dumps(report, indent=1) + "\n")
print(f"{out}: {len(report['steps'])} steps, {len(report['trainings'])} trainings")
END
[ $failed -eq 0 ]
