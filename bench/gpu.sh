#!/bin/bash
# First contact with an NVIDIA GPU, in stages that take less than ten minutes each; every result goes into one JSON report as
# soon as it is there.
#   bench/gpu.sh [--only STAGE] [--prebuilt DIR] [--data DIR] [--out FILE] [--rounds N] [--epochs N] [--skip-peers] [--dry-run]
# Stages, all of them unless --only names one; a report that is there keeps what it holds of the others:
#   probe     what the machine is, and a few steps of training on it
#   parity    every op, and whole trainings, against the reference in double
#   measure   where the time of a step goes: info --measure for configs/mnist.ini and mnist-conv.ini at each precision
#   train     both configurations at each precision, timed, and in PyTorch: eager, compiled, and as a CUDA graph
#   sanitize  compute-sanitizer's four tools on this project's kernels
#   profile   the time of each kernel, by nsys or ncu
# --prebuilt: an unpacked bundle of scripts/make-bundle --tests, which needs no compiler here; else build/gpu is built
# --data:     the folder of the four files of MNIST, or that which holds it as mnist/; else VAE_DATA, data/, ../shared/data
# --dry-run:  runs nothing on a GPU: writes the plan, and what is missing for it, as the report
# PyTorch is that of the first python3 which can import it; nothing is downloaded.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
report_script=$here/bench/gpu/report.py
stages="probe parity measure train sanitize profile"
only="" prebuilt="" data="" out=gpu-report.json rounds=3 epochs=10 peers=yes dry=no
limit=${VAE_GPU_STAGE_SECONDS:-540}

usage_error() {
    echo "gpu.sh: $*; see --help" >&2
    exit 2
}
while [ $# -gt 0 ]; do
    case $1 in
    --only | --prebuilt | --data | --out | --rounds | --epochs)
        [ -n "${2-}" ] || usage_error "$1 needs a value"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    --skip-peers) peers=no ;;
    --dry-run) dry=yes ;;
    -h | --help)
        sed -n '2,/^set -u/{/^set -u/d;s/^# \{0,1\}//p}' "$0"
        exit 0
        ;;
    *) usage_error "unknown argument '$1'" ;;
    esac
    shift
done
if [ -n "$only" ]; then
    [[ " $stages " == *" $only "* ]] || usage_error "--only takes one of: $stages"
    stages=$only
fi
out=$(realpath -m "$out")
mkdir -p "$(dirname "$out")"
[ -z "$data" ] || data=$(realpath -m "$data")
[ -z "$prebuilt" ] || prebuilt=$(realpath -m "$prebuilt")
# Where toolkits keep their programs, if PATH does not say.
for folder in "${CUDA_HOME:-/usr/local/cuda}"/bin /usr/local/cuda*/bin /opt/nvidia/nsight-*/*; do
    [ ! -d "$folder" ] || PATH=$PATH:$folder
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# ---- What there is ----

first_python() { # code: the first python3 that runs it
    local python
    for python in $(type -ap python3) {"${VIRTUAL_ENV-}","${CONDA_PREFIX-}",/opt/*,/opt/*/envs/*,/venv,"$HOME"/*conda3,"$HOME"/{,.}venv,"$here"/{.venv,bench/.venv}}/bin/python3; do
        [ -x "$python" ] && timeout 120 "$python" -c "$1" >/dev/null 2>&1 && echo "$python" && return
    done
    return 1
}

find_data() { # prints the folder of MNIST's files
    local folder
    for folder in "$data" "${VAE_DATA-}" "$here/data" "$here/../shared/data"; do
        [ -n "$folder" ] || continue
        for folder in "$folder" "$folder/mnist"; do
            [ ! -f "$folder/train-images-idx3-ubyte.gz" ] || { echo "$folder"; return; }
        done
        [ "$folder" != "$data/mnist" ] || return # what was asked for, or nothing
    done
}

find_programs() { # sets bin
    local folder
    if [ -z "$prebuilt" ] && [ -x "$here/bin/vae-cuda" ]; then prebuilt=$here; fi # in a bundle
    bin=$here/build/gpu
    [ -n "$prebuilt" ] || return
    bin=$prebuilt/bin
    for folder in "$prebuilt"/vae-cuda-*/bin; do
        [ -x "$bin/vae-cuda" ] || [ ! -x "$folder/vae-cuda" ] || bin=$folder
    done
}

need() { [ -n "$(type -p "$1")" ] || missing+=("$1${2:+ ($2)}"); }
need_program() { [ -x "$bin/$1" ] || [ -z "$prebuilt" ] || missing+=("$bin/$1 (make-bundle --tests)"); }

# What the stage cannot do without, in the array `missing`.
look_for_missing() { # stage
    missing=()
    [ -n "$gpu" ] || missing+=("a GPU ($no_gpu)")
    [ -n "$prebuilt" ] || for tool in cmake ninja nvcc; do need $tool "to build; or --prebuilt"; done
    need_program vae-cuda
    case $1 in
    parity | sanitize) need_program test_parity_cuda ;;
    esac
    case $1 in
    parity)
        need_program test_parity_cuda_data
        need_program test_parity_cuda_likelihoods
        ;;
    sanitize) need compute-sanitizer "of the CUDA toolkit" ;;
    profile) [ -n "$(type -p nsys || type -p ncu)" ] || missing+=("nsys or ncu (Nsight)") ;;
    esac
    case $1 in
    probe | train | profile) [ -n "$mnist" ] || missing+=("MNIST (--data, VAE_DATA, or scripts/get-data mnist)") ;;
    esac
    [ "$1" != train ] || [ $peers = no ] || [ -n "$torch" ] || missing+=("a python3 that imports torch and numpy (--skip-peers does without)")
}

# ---- Steps ----

record() { "$python" -ES "$report_script" "$out" "$@"; }

# A step has until its stage's end, or as long as $seconds says.
step() { # name command...
    local name=$1 start=$SECONDS code=0 left=$((stage_start + limit - SECONDS))
    shift
    if [ $dry = yes ]; then
        record step "$stage" "$name" "$*"
        return
    fi
    echo "=== $stage: $name"
    [ -z "${seconds-}" ] || [ "$left" -le "$seconds" ] || left=$seconds
    if [ $left -lt 5 ]; then
        echo "left out: the stage's $limit s are over" >"$work/output"
        code=124
    else
        timeout -k 10 $left "$@" >"$work/output" 2>&1 || code=$?
        [ $code -ne 124 ] || echo "ended after $left s" >>"$work/output"
    fi
    tail -n 20 "$work/output"
    [ $code -eq 0 ] || failed=1
    record step "$stage" "$name" "$*" $code $((SECONDS - start)) "$work/output"
    return $code
}

train() { # name command...
    rm -rf "$work/run"
    step "$@" && [ $dry = no ] && record training "$stage" "$1" "$work/output" "$work/run"
}

mnist_options() { # sets options
    options=(--set data.train_data="$mnist/train-images-idx3-ubyte.gz"
        --set data.train_labels="$mnist/train-labels-idx1-ubyte.gz"
        --set data.test_data="$mnist/t10k-images-idx3-ubyte.gz"
        --set data.test_labels="$mnist/t10k-labels-idx1-ubyte.gz")
}

trainer() { # config options...: sets command
    local config=$1 options
    shift
    mnist_options
    command=("$bin/vae-cuda" --config "$here/configs/$config.ini" --device cuda --out "$work/run" --quiet
        --set train.picture_interval=0 "${options[@]}" "$@")
}

build() {
    [ -z "$prebuilt" ] || return 0
    step build sh -c "cmake -G Ninja -S '$here' -B '$bin' -DCMAKE_BUILD_TYPE=Release -DVAE_CUDA=ON -DVAE_WERROR=OFF &&
        cmake --build '$bin'"
}

stage_probe() {
    step "nvidia-smi" nvidia-smi
    trainer mnist --set train.epochs=1 --set data.limit=2048 --set data.test_limit=1000
    train "a few steps on the GPU" "${command[@]}"
}

stage_parity() {
    for name in test_parity_cuda test_parity_cuda_data test_parity_cuda_likelihoods; do
        step "$name" env VAE_REQUIRE_GPU=1 "$bin/$name"
    done
}

stage_measure() {
    local options=(--shape 28x28) # of made-up images
    [ -z "$mnist" ] || mnist_options
    for config in mnist mnist-conv; do
        for precision in tf32 fp32 bf16; do
            step "vae-cuda info $config $precision" "$bin/vae-cuda" info --measure --json --device cuda \
                --config "$here/configs/$config.ini" --set run.precision=$precision "${options[@]}" &&
                [ $dry = no ] && record measurement measure $config $precision "$work/output"
        done
    done
}

stage_train() {
    for round in $(seq "$rounds"); do
        for precision in tf32 fp32 bf16; do
            for config in mnist mnist-conv; do
                trainer $config --set run.precision=$precision --set train.epochs="$epochs" --seed "$round"
                train "vae-cuda $config $precision" "${command[@]}"
            done
        done
        [ $peers = yes ] && [ -n "$torch" ] || continue
        for model in mlp conv; do
            for mode in eager compiled graphed; do
                train "pytorch $model $mode" "$torch" "$here/bench/peers/pytorch_gpu.py" --model $model --data "$mnist" \
                    --epochs "$epochs" --seed "$round" --mode $mode
            done
        done
    done
}

# A kernel's mangled name begins with its file's own namespace, and programs hold those names: cuBLAS's kernels, in which
# NVIDIA lists false reports, stay out.
own_kernels() {
    grep -aoE '_GLOBAL__N__[0-9a-f]+_[0-9]+_[a-z0-9_]+_cu_[0-9a-f]{8}' "$bin/test_parity_cuda" 2>/dev/null | sort -u
}

stage_sanitize() {
    local filters=() seconds=$((limit / 4)) name
    for name in $(own_kernels); do filters+=(--kernel-name "kernel_substring=$name"); done
    if [ ${#filters[@]} -eq 0 ] && [ $dry = no ]; then
        step "the names of the kernels" sh -c "echo '$bin/test_parity_cuda holds no kernel of this project'; exit 1"
        return
    fi
    for tool in memcheck racecheck initcheck synccheck; do
        step "$tool" env VAE_REQUIRE_GPU=1 compute-sanitizer --tool $tool --target-processes all --error-exitcode 9 \
            "${filters[@]}" "$bin/test_parity_cuda" -j1
    done
}

stage_profile() {
    for config in mnist mnist-conv; do
        trainer $config --set train.epochs=1 --set data.limit=6400 --set data.test_limit=128
        if [ -n "$(type -p nsys)" ] || [ $dry = yes ]; then
            step "nsys $config" nsys profile --force-overwrite=true --trace=cuda --cuda-graph-trace=node \
                -o "$work/$config" "${command[@]}" &&
                step "kernels of $config" nsys stats --report cuda_gpu_kern_sum --format csv "$work/$config.nsys-rep"
        else
            step "ncu $config" ncu --graph-profiling node --launch-skip 100 --launch-count 60 --set basic "${command[@]}"
        fi
        rm -rf "$work/run"
    done
}

# ---- All of it ----

python=$(first_python 'import json') || { echo "gpu.sh: needs a python3" >&2; exit 1; }
torch=$(first_python 'import torch, numpy')
# The program finds cuBLASLt in the wheels of the python3 in PATH.
[ -z "$torch" ] || PATH=$(dirname "$torch"):$PATH
mnist=$(find_data)
find_programs
gpu="" no_gpu="there is no nvidia-smi"
if [ -n "$(type -p nvidia-smi)" ]; then
    gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader 2>"$work/smi") || gpu=""
    no_gpu="nvidia-smi: $(cat "$work/smi" | head -n 1)"
fi
record machine gpu "$gpu"
record machine dry_run "$dry"
[ -z "$torch" ] || record machine torch "$torch"

for stage in $stages; do
    stage_start=$SECONDS
    look_for_missing $stage
    record begin $stage "${missing[@]}"
    for what in "${missing[@]}"; do echo "gpu.sh: $stage needs $what" >&2; done
    if [ $dry = no ] && [ ${#missing[@]} -gt 0 ]; then
        failed=1
        continue
    fi
    build && "stage_$stage"
done
echo "report: $out"
[ $failed -eq 0 ]
