/* What a training step spends in a recurrent op, forward and backward, on the cpu backend: the best of many runs of a
 * program that holds little else. Prints one JSON line: milliseconds, and GFLOP/s of the products with the recurrent
 * weight, one forward and two backward, to be held against sgemm_peak.
 *
 * Usage: lstm_step THREADS ROWS HIDDEN STEPS [lstm | norm | gru] [RUNS]
 *
 * bench/compare's models: 32 256 25 (text), 100 512 120 norm (sketches' decoder), 100 256 120 (their encoder). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/host/engine.h"
#include "program.h"

enum { INPUTS = 32 };

typedef struct bench {
    int64_t rows, hidden, steps;
    bool norm, gru;
    bench_program on;
    double *seconds, *best; /* [ops] */
} bench;

static vae_status declare(bench *b)
{
    const int64_t columns = (b->gru ? VAE_GRU_GATES : VAE_LSTM_GATES) * b->hidden;
    VAE_TRY(vae_layout_add(&b->on.layout, "x.weight", vae_shape_matrix(INPUTS, columns), INPUTS, NULL));
    VAE_TRY(vae_layout_add(&b->on.layout, "x.bias", vae_shape_vector(columns), INPUTS, NULL));
    VAE_TRY(vae_layout_add(&b->on.layout, "weight", vae_shape_matrix(b->hidden, columns), b->hidden, NULL));
    VAE_TRY(vae_layout_add_filled(&b->on.layout, "scale", vae_shape_matrix(5, b->hidden), 1.0));
    return vae_layout_add_filled(&b->on.layout, "shift", vae_shape_matrix(5, b->hidden), 0.0);
}

static vae_status build(bench *b)
{
    vae_program *program = &b->on.program;
    const vae_recurrent options = {
        .steps = b->steps, .training = true, .dropout = b->norm ? 0.1 : 0.0, .stream = VAE_STREAM_RECURRENT};
    vae_tensor x, gates, weight, square;
    vae_recurrent_outputs out;
    VAE_TRY(vae_program_input(program, "x", vae_shape_matrix(b->steps * b->rows, INPUTS), &x));
    VAE_TRY(vae_program_dense(program, "x", x, VAE_ACTIVATION_IDENTITY, true, &gates));
    VAE_TRY(vae_program_parameter(program, "weight", &weight));
    vae_recurrent_inputs in = vae_recurrent_inputs_of(gates, weight);
    if (b->norm) VAE_TRY(vae_program_parameter(program, "scale", &in.norm_scale));
    if (b->norm) VAE_TRY(vae_program_parameter(program, "shift", &in.norm_shift));
    VAE_TRY((b->gru ? vae_program_gru : vae_program_lstm)(program, "cell", &in, options, &out));
    VAE_TRY(vae_program_apply(program, "square", VAE_FUNCTION_SQUARE, out.h, VAE_NO_TENSOR, &square));
    VAE_TRY(vae_program_differentiate(program, &(vae_loss_term){square, {1.0, VAE_SCALAR_ONE}}, 1));
    return vae_program_plan(program);
}

static vae_status fill(const bench *b)
{
    const vae_backend *backend = b->on.device->backend;
    const int64_t count = b->steps * b->rows * INPUTS;
    float *x = calloc((size_t)count, sizeof *x);
    vae_status status = x ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "lstm_step: out of memory");
    for (int64_t i = 0; i < count && !status; ++i)
        x[i] = (float)(i % 17) / 16.0f - 0.5f;
    if (!status)
        status = backend->tensor_write(b->on.executable, vae_program_find(&b->on.program, "x"), VAE_FLOAT32, x);
    free(x);
    return status;
}

static vae_status open_bench(bench *b, int threads)
{
    VAE_TRY(declare(b));
    vae_program_init(&b->on.program, "lstm_step", &b->on.layout);
    VAE_TRY(build(b));
    VAE_TRY(bench_program_open(&b->on, threads));
    b->seconds = calloc((size_t)b->on.program.op_count, sizeof *b->seconds);
    b->best = calloc((size_t)b->on.program.op_count, sizeof *b->best);
    if (!b->seconds || !b->best) return vae_error_set(VAE_ERROR_MEMORY, "lstm_step: out of memory");
    return fill(b);
}

static void close_bench(bench *b)
{
    bench_program_close(&b->on);
    free(b->seconds);
    free(b->best);
}

static vae_status measure(bench *b, int runs)
{
    const vae_step step = {.beta = 1.0};
    for (int run = 0; run < runs; ++run) {
        VAE_TRY(vae_host_executable_run_timed(b->on.executable, &step, b->seconds));
        for (int32_t i = 0; i < b->on.program.op_count; ++i)
            if (run == 0 || b->seconds[i] < b->best[i]) b->best[i] = b->seconds[i];
    }
    return VAE_OK;
}

static double best_of(const bench *b, vae_op_kind lstm, vae_op_kind gru)
{
    double seconds = 0.0;
    for (int32_t i = 0; i < b->on.program.op_count; ++i)
        if (b->on.program.ops[i].kind == lstm || b->on.program.ops[i].kind == gru) seconds += b->best[i];
    return seconds;
}

static void report(const bench *b)
{
    const double forward = best_of(b, VAE_OP_LSTM, VAE_OP_GRU);
    const double backward = best_of(b, VAE_OP_LSTM_BACKWARD, VAE_OP_GRU_BACKWARD);
    const double gates = b->gru ? VAE_GRU_GATES : VAE_LSTM_GATES;
    const double flops = 2.0 * (double)(b->steps * b->rows * b->hidden * b->hidden) * gates;
    printf("{\"forward_ms\": %.3f, \"forward_gflops\": %.1f, \"backward_ms\": %.3f, \"backward_gflops\": %.1f}\n",
           forward * 1e3, flops / forward * 1e-9, backward * 1e3, 2 * flops / backward * 1e-9);
}

int main(int argc, char **argv)
{
    const int threads = argc > 4 ? atoi(argv[1]) : 0, runs = argc > 6 ? atoi(argv[6]) : 60;
    const char *cell = argc > 5 ? argv[5] : "lstm";
    bench b = {.norm = strcmp(cell, "norm") == 0, .gru = strcmp(cell, "gru") == 0};
    if (argc > 4) {
        b.rows = atol(argv[2]);
        b.hidden = atol(argv[3]);
        b.steps = atol(argv[4]);
    }
    if (threads < 1 || b.rows < 1 || b.hidden < 1 || b.steps < 1 || runs < 1) {
        fprintf(stderr, "usage: lstm_step THREADS ROWS HIDDEN STEPS [lstm | norm | gru] [RUNS]\n");
        return 2;
    }
    vae_status status = open_bench(&b, threads);
    if (!status) status = measure(&b, runs);
    if (status) {
        fprintf(stderr, "lstm_step: %s\n", vae_error_message());
    } else {
        report(&b);
    }
    close_bench(&b);
    return status ? 1 : 0;
}
