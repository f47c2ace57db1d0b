#!/bin/bash
# Recurrent models of texts on a simulated device: trainings whose losses are the CPU's, whatever the cell, and whose
# steps are the same one launch at a time.
# Usage: test_cuda_text.sh PROGRAM_WITH_SIMULATED_GPU PROGRAM
set -eu
. "$(dirname "$0")/tiny_run.sh"
simt=$1
cpu=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 - <<'END'
import random
random.seed(1)
words = "the a cat dog sat ran on under mat tree big small and then he she it saw".split()
for name, count in (("train", 150), ("test", 40)):
    with open(f"{name}.txt", "w") as file:
        for _ in range(count):
            file.write(" ".join(random.choice(words) for _ in range(random.randint(1, 9))) + "\n")
END
cat >text.ini <<'END'
[model]
family = text_vae
latent = 4
embedding = 8
encoder_units = 12
decoder_units = 10
bidirectional = yes
recurrent_dropout = 0.2
word_dropout = 0.3
[data]
train_data = train.txt
test_data = test.txt
tokens = words
[train]
epochs = 1
batch_size = 32
learning_rate = 3e-3
picture_interval = 0
[run]
precision = fp32
END

run() { # folder, program, arguments…
    local folder=$1
    shift
    "$@" --config text.ini --out "$folder" >output 2>&1 || fail "$*: $(cat output)"
}
expect_close() { # two runs, and how far their losses may be apart, relatively
    python3 -c "import sys; a, b, r = map(float, sys.argv[1:]); sys.exit(abs(a - b) > r * abs(a))" \
        "$(test_elbo "$1")" "$(test_elbo "$2")" "$3" || fail "$1 and $2: $(test_elbo "$1") and $(test_elbo "$2")"
}

for cell in lstm gru layer_norm_lstm; do
    dropout=0.2
    [ $cell != gru ] || dropout=0
    set -- --set model.cell=$cell --set model.recurrent_dropout=$dropout
    run $cell-cpu "$cpu" train "$@"
    run $cell "$simt" train --device cuda "$@"
    expect_close $cell-cpu $cell 1e-6
    run $cell-bf16 "$simt" train --device cuda "$@" --set run.precision=bf16
    expect_close $cell-cpu $cell-bf16 1e-3
done

# Draws agree too: another token would show.
set -- --set model.scheduled_sampling=0.6 --set model.scheduled_sampling_epochs=0.5
run sampled-cpu "$cpu" train "$@"
run sampled "$simt" train --device cuda "$@"
expect_close sampled-cpu sampled 1e-6
[ "$(test_elbo sampled)" != "$(test_elbo lstm)" ] || fail "nothing was drawn"

run synchronous env VAE_CUDA_SYNC=1 "$simt" train --device cuda
cmp lstm/checkpoints/last.safetensors synchronous/checkpoints/last.safetensors ||
    fail "a launch at a time makes another model"
for what in samples reconstructions; do
    cmp lstm/pictures/epoch-0001-$what.txt synchronous/pictures/epoch-0001-$what.txt ||
        fail "a launch at a time makes other $what"
done
[ "$(grep -c '^reconstruction  ' lstm/pictures/epoch-0001-reconstructions.txt)" = 16 ] || fail "no reconstructions"

set -- --set train.encoder_updates=12 --set data.validation=30
run updates-cpu "$cpu" train "$@"
run updates "$simt" train --device cuda "$@"
expect_close updates-cpu updates 1e-6
