#!/bin/bash
# bench/gpu.sh with stand-ins for a GPU, a bundle, PyTorch and NVIDIA's tools: each stage runs what it should, what is missing
# is named, and the report holds every result as soon as it is there.
set -u
project=$PWD
[ -x "$project/bench/gpu.sh" ] || { echo "run this from the project's root" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
bin=$work/bundle/vae-cuda-0/bin
mkdir -p "$work/tools" "$work/bare" "$bin" "$work/data/mnist"
for tool in bash sh env sed grep sort seq head tail cat realpath mkdir mktemp rm dirname timeout; do
    ln -s "$(command -v $tool)" "$work/bare/"
done
python=$(command -v python3)
ln -s "$python" "$work/bare/python3"
touch "$work/data/mnist/train-images-idx3-ubyte.gz"

stand_in() { # file, script on standard input
    { echo "#!/bin/bash"; cat; } >"$1"
    chmod +x "$1"
}
# The commands that are run, one a line, in $work/log.
logs='echo "${0##*/} $*" >>'"$work/log"
stand_in "$work/tools/python3" <<END
[[ "\${1-}" != -ES ]] || exec $python "\$@"
[[ "\${2-}" != *torch* ]] || exit 0
[[ "\${1-}" != *pytorch_gpu.py ]] || { echo "\$*" >>$work/log; echo '{"images_per_second": 7, "test_neg_elbo": 100.0}'; exit 0; }
exec $python "\$@"
END
stand_in "$work/tools/nvidia-smi" <<<'echo "Stand-in, 1, 2 MiB, 3 MHz"'
stand_in "$work/tools/nsys" <<<"$logs"
stand_in "$work/tools/compute-sanitizer" <<END
$logs
[[ "\$*" != *racecheck* ]] || exit 9
END
stand_in "$bin/vae-cuda" <<END
$logs
if [ "\$1" = info ]; then
    echo "vae-cuda: warning: a remark {of some kind}" >&2
    echo '{"step_seconds": 5e-05, "launches": [{"kind": "matmul"}]}'
    exit
fi
while [ \$# -gt 0 ]; do [ "\$1" != --out ] || run=\$2; shift; done
mkdir "\$run"
for rate in 1 50 60 70; do echo '{"split": "train_epoch", "images_per_second": '\$rate'}'; done >"\$run/metrics.jsonl"
echo '{"split": "test", "neg_elbo": 101.5}' >>"\$run/metrics.jsonl"
END
for name in test_parity_cuda test_parity_cuda_data test_parity_cuda_likelihoods; do
    stand_in "$bin/$name" <<END
# _ZN46_GLOBAL__N__c23c48fe_13_accumulate_cu_2dc67b9117accumulate_kernelE
$logs
[ "\$VAE_REQUIRE_GPU" = 1 ]
END
done

run() { # path, arguments...: output in $output, exit code in $code
    local path=$1
    shift
    : >"$work/log"
    output=$(PATH=$path VAE_DATA='' HOME=$work CUDA_HOME=$work VIRTUAL_ENV='' CONDA_PREFIX='' "$project/bench/gpu.sh" \
        --prebuilt "$work/bundle" --data "$work/data" --out "$work/report.json" "$@" 2>&1)
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
is() { [ "$code" -eq "$1" ]; }
says() { [[ $output == *"$1"* ]]; }
logged() { grep -qF -- "$1" "$work/log"; }
holds() { # an expression of Python about `r`, the report
    "$python" -c 'import json, sys
r = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$work/report.json" "$1"
}
codes() { holds "[s['exit_code'] for s in r['steps'] if s['stage'] == '$1'] == $2"; }

here=$work/tools:$PATH
run "$here" --only probe
expect "probe" is 0
expect "probe trains on the GPU" logged "vae-cuda --config $project/configs/mnist.ini --device cuda"
expect "the GPU is in the report" holds '"Stand-in" in r["machine"]["gpu"]'
run "$here" --only parity
expect "parity" is 0
expect "all three parity programs" codes parity "[0, 0, 0]"
expect "the report keeps other stages" codes probe "[0, 0]"
run "$here" --only measure
expect "measure" is 0
expect "measure takes MNIST" logged "vae-cuda info --measure --json --device cuda --config $project/configs/mnist-conv.ini --set run.precision=bf16 --set data.train_data=$work/data"
expect "both configurations at each precision" holds '([(m["config"], m["precision"]) for m in r["measurements"]] ==
    [(c, p) for c in ("mnist", "mnist-conv") for p in ("tf32", "fp32", "bf16")])'
expect "measurements are in the report" holds 'all(m["step_seconds"] == 5e-05 and m["launches"] for m in r["measurements"])'
run "$here" --only train --rounds 1 --epochs 4
expect "train" is 0
expect "both configurations" logged configs/mnist-conv.ini
expect "data from the path" logged "data.test_labels=$work/data/mnist/t10k-labels-idx1-ubyte.gz"
expect "PyTorch of the python3 that has it" logged "pytorch_gpu.py --model conv --data $work/data/mnist"
expect "figures" holds '{"stage": "train", "contender": "vae-cuda mnist-conv tf32", "images_per_second": 60,
    "test_neg_elbo": 101.5} in r["trainings"]'
expect "twelve trainings, and probe's" holds 'len(r["trainings"]) == 13'
run "$here" --only sanitize
expect "an error that a tool finds is a failure" is 1
expect "only the project's kernels" logged \
    "--tool memcheck --target-processes all --error-exitcode 9 --kernel-name kernel_substring=_GLOBAL__N__c23c48fe_13_accumulate_cu_2dc67b91 "
expect "all four tools" codes sanitize "[0, 9, 0, 0]"
run "$here" --only profile
expect "profile" is 0
expect "profile shows the kernels" logged "nsys stats"

# ---- A step that does not end ----
stand_in "$bin/test_parity_cuda" <<<'sleep 60'
export VAE_GPU_STAGE_SECONDS=5
run "$here" --only parity
unset VAE_GPU_STAGE_SECONDS
expect "a stage that takes too long" is 1
expect "a stage that takes too long says so" codes parity "[124, 124, 124]"

# ---- What is missing ----
for stage in probe parity measure train sanitize profile; do
    run "$work/bare" --only $stage
    expect "$stage without a GPU" is 1
    expect "$stage without a GPU names it" says "gpu.sh: $stage needs a GPU (there is no nvidia-smi)"
done
rm "$bin"/* "$work/data/mnist"/*
run "$here" --only parity
expect "no parity programs" is 1
expect "no parity programs are named" says "test_parity_cuda_data (make-bundle --tests)"
stand_in "$bin/vae-cuda" <<END
$logs
echo '{}'
END
run "$here" --only measure
expect "measure without data" is 0
expect "measure without data makes it up" logged "--shape 28x28"
rm "$bin/vae-cuda"
run "$here" --only train
expect "no data" is 1
expect "no data is named" says "train needs MNIST"
run "$here" --dry-run
expect "a plan needs nothing" is 0
expect "a plan has no results" holds 'r["steps"] and not any("exit_code" in s for s in r["steps"]) and not r["trainings"]'
run "$here" --only nothing
expect "a stage that there is not" is 2

[ $failures -eq 0 ] && echo "gpu.sh: all as expected"
[ $failures -eq 0 ]
