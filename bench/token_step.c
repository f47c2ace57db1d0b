/* What a training step of a text model spends beside its recurrent layers: two embeddings, the product that makes
 * logits, the likelihood of tokens, and Adam with its clipping, on the cpu backend. Prints a line for each op, the mean
 * over the middle half of the steps, and the memory that its operands take in GB/s, beside what a plain copy reaches.
 *
 * Usage: token_step THREADS TOKENS [VOCABULARY] */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "program.h"

enum { WIDTH = 256, ROWS = 32, REPEATS = 60, COPIED = 1 << 24, COPIES = 20 };

typedef struct bench {
    int64_t tokens, vocabulary;
    bench_program on;
    vae_tensor ids, targets, lengths;
    uint64_t steps;
} bench;

static vae_status declare(bench *b)
{
    static const char *const names[] = {"encoder.embedding", "decoder.embedding"};
    for (int i = 0; i < 2; ++i)
        VAE_TRY(vae_layout_add(&b->on.layout, names[i], vae_shape_matrix(b->vocabulary, WIDTH), WIDTH, NULL));
    VAE_TRY(vae_layout_add(&b->on.layout, "output.weight", vae_shape_matrix(WIDTH, b->vocabulary), WIDTH, NULL));
    return vae_layout_add(&b->on.layout, "output.bias", vae_shape_vector(b->vocabulary), WIDTH, NULL);
}

static vae_status build(bench *b)
{
    vae_program *program = &b->on.program;
    vae_tensor table, x[2], sum, logits, ll;
    VAE_TRY(vae_program_input(program, "ids", vae_shape_vector(b->tokens), &b->ids));
    VAE_TRY(vae_program_input(program, "targets", vae_shape_vector(b->tokens), &b->targets));
    VAE_TRY(vae_program_input(program, "lengths", vae_shape_vector(ROWS), &b->lengths));
    for (int i = 0; i < 2; ++i) {
        VAE_TRY(vae_program_parameter(program, i == 0 ? "encoder.embedding" : "decoder.embedding", &table));
        VAE_TRY(vae_program_gather_rows(program, i == 0 ? "encoder.x" : "decoder.x", table, b->ids, &x[i]));
    }
    VAE_TRY(vae_program_apply(program, "sum", VAE_FUNCTION_ADD, x[0], x[1], &sum));
    VAE_TRY(vae_program_dense(program, "output", sum, VAE_ACTIVATION_IDENTITY, true, &logits));
    VAE_TRY(vae_program_token_likelihood(program, "ll", logits, b->targets, b->lengths, &ll));
    VAE_TRY(vae_program_accumulate(program, ll, VAE_METRIC_RECONSTRUCTION, -1.0, ROWS));
    VAE_TRY(vae_program_differentiate(program, &(vae_loss_term){ll, {-1.0 / ROWS, VAE_SCALAR_ONE}}, 1));
    const vae_adam_options adam = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .clip_norm = 5.0};
    VAE_TRY(vae_program_adam(program, adam));
    return vae_program_plan(program);
}

/* Few words are frequent, as in any text. */
static vae_status fill(bench *b)
{
    const vae_backend *backend = b->on.device->backend;
    float *ids = calloc((size_t)b->tokens, sizeof *ids), lengths[ROWS];
    vae_status status = ids ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "token_step: out of memory");
    for (int64_t i = 0; i < b->tokens && !status; ++i)
        ids[i] = (float)(b->vocabulary / (1 + i * 7919 % b->tokens) - 1);
    for (int r = 0; r < ROWS; ++r)
        lengths[r] = (float)(b->tokens / ROWS);
    if (!status) status = backend->tensor_write(b->on.executable, b->ids, VAE_FLOAT32, ids);
    if (!status) status = backend->tensor_write(b->on.executable, b->targets, VAE_FLOAT32, ids);
    if (!status) status = backend->tensor_write(b->on.executable, b->lengths, VAE_FLOAT32, lengths);
    free(ids);
    return status;
}

static vae_status open_bench(bench *b, int threads)
{
    VAE_TRY(declare(b));
    vae_program_init(&b->on.program, "token_step", &b->on.layout);
    VAE_TRY(build(b));
    VAE_TRY(bench_program_open(&b->on, threads));
    return fill(b);
}

/* Bytes read and written a second, the best of several. */
static double copy_speed(int threads)
{
    float *from = calloc(COPIED, sizeof *from), *to = calloc(COPIED, sizeof *to);
    double best = INFINITY;
    for (int i = 0; i < COPIES && from && to; ++i) {
        const double begin = vae_clock_seconds();
#pragma omp parallel for schedule(static) num_threads(threads)
        for (int part = 0; part < threads; ++part) {
            const size_t each = COPIED / (size_t)threads;
            memcpy(to + (size_t)part * each, from + (size_t)part * each, each * sizeof *to);
        }
        const double seconds = vae_clock_seconds() - begin;
        best = seconds < best ? seconds : best;
    }
    free(from);
    free(to);
    return 2.0 * COPIED * sizeof(float) / best;
}

static vae_step next_step(void *context)
{
    bench *b = context;
    ++b->steps;
    return (vae_step){.step = b->steps, .beta = 1.0, .learning_rate = 1e-3, .adam_step = b->steps};
}

static vae_status measure(bench *b)
{
    const vae_measure_plan plan = {next_step, b, 10, REPEATS, 1};
    vae_measurement m;
    VAE_TRY(b->on.device->backend->executable_measure(b->on.executable, &plan, &m));
    for (int32_t i = 0; i < m.count; ++i) {
        const vae_measured_part *part = &m.parts[i];
        const double bytes = part->cost.bytes_read + part->cost.bytes_written;
        printf("%-20s %-20s %8.3f ms %7.2f GB/s\n", part->op < 0 ? "" : b->on.program.ops[part->op].name, part->kind,
               1e3 * part->seconds, 1e-9 * bytes / part->seconds);
    }
    printf("%-20s %-20s %8.3f ms\n", "step", "", 1e3 * m.step_seconds);
    vae_measurement_free(&m);
    return VAE_OK;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: token_step THREADS TOKENS [VOCABULARY]\n");
        return 2;
    }
    const int threads = atoi(argv[1]);
    bench b = {.tokens = atoll(argv[2]) / ROWS * ROWS, .vocabulary = argc > 3 ? atoll(argv[3]) : 10000};
    vae_status status = open_bench(&b, threads);
    if (!status) status = measure(&b);
    if (!status) printf("%-20s %-20s %8s    %7.2f GB/s\n", "copy", "", "", 1e-9 * copy_speed(threads));
    if (status) fprintf(stderr, "token_step: %s\n", vae_error_message());
    bench_program_close(&b.on);
    return status ? 1 : 0;
}
