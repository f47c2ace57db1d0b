/* What a training step spends in its convolutions: a program of the four of configs/mnist-conv.ini and a likelihood,
 * forward and backward, on the cpu backend. Biases, activations and whatever else the convolutions' ops do count, and
 * so does the likelihood, a small part. Prints one JSON line: the best of many runs, in milliseconds.
 *
 * Usage: conv_step THREADS BATCH */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

enum { RUNS = 60 };

typedef struct convolution {
    const char *name;
    bool transposed;
    int64_t in, out;
    vae_activation activation;
} convolution;

static const convolution convolutions[] = {
    {"encoder.0", false, 1, 32, VAE_ACTIVATION_RELU},
    {"encoder.1", false, 32, 64, VAE_ACTIVATION_RELU},
    {"decoder.0", true, 64, 32, VAE_ACTIVATION_RELU},
    {"output", true, 32, 1, VAE_ACTIVATION_IDENTITY},
};
enum { CONVOLUTIONS = sizeof convolutions / sizeof *convolutions };
static const vae_window window = {.kernel = 4, .stride = 2, .padding = 1};

static vae_status declare(vae_layout *layout)
{
    for (int i = 0; i < CONVOLUTIONS; ++i) {
        const convolution *c = &convolutions[i];
        const int64_t places = window.kernel * window.kernel, fan_in = places * (c->transposed ? c->out : c->in);
        char name[VAE_NAME_SIZE];
        snprintf(name, sizeof name, "%s.weight", c->name);
        VAE_TRY(vae_layout_add(layout, name,
                               c->transposed ? vae_shape_matrix(c->in, places * c->out)
                                             : vae_shape_matrix(places * c->in, c->out),
                               fan_in, NULL));
        snprintf(name, sizeof name, "%s.bias", c->name);
        VAE_TRY(vae_layout_add(layout, name, vae_shape_vector(c->out), fan_in, NULL));
    }
    return VAE_OK;
}

static vae_status build(vae_program *program, int64_t batch)
{
    const vae_likelihood_options likelihood = {.family = VAE_LIKELIHOOD_BERNOULLI, .channels = 1, .scale = 1.0 / 255.0};
    vae_tensor x, y, ll;
    VAE_TRY(vae_program_input(program, "x", vae_shape_images(batch, 28, 28, 1), &x));
    y = x;
    for (int i = 0; i < CONVOLUTIONS; ++i) {
        const convolution *c = &convolutions[i];
        VAE_TRY(vae_program_convolution(program, c->name, y, c->transposed, window, c->activation, true, &y));
    }
    VAE_TRY(vae_program_likelihood(program, "likelihood", y, x, &likelihood, true, &ll));
    const vae_loss_term loss = {ll, {-1.0 / (double)batch, VAE_SCALAR_ONE}};
    VAE_TRY(vae_program_differentiate(program, &loss, 1));
    return vae_program_plan(program);
}

/* Pixels: oneDNN's speed may depend on the numbers (denormals). */
static vae_status fill(const bench_program *b, int64_t batch)
{
    const vae_backend *backend = b->device->backend;
    const int64_t pixels = batch * 28 * 28;
    float *x = calloc((size_t)pixels, sizeof *x);
    vae_status status = x ? VAE_OK : vae_error_set(VAE_ERROR_MEMORY, "conv_step: out of memory");
    for (int64_t i = 0; i < pixels && !status; ++i)
        x[i] = (float)(i % 17) / 16.0f;
    if (!status) {
        status = backend->tensor_write(b->executable, vae_program_find(&b->program, "x"), VAE_FLOAT32, x);
    }
    free(x);
    return status;
}

static vae_status open_bench(bench_program *b, int threads, int64_t batch)
{
    VAE_TRY(declare(&b->layout));
    vae_program_init(&b->program, "conv_step", &b->layout);
    VAE_TRY(build(&b->program, batch));
    VAE_TRY(bench_program_open(b, threads));
    return fill(b, batch);
}

static vae_status measure(const bench_program *b, double *best)
{
    const vae_step step = {.beta = 1.0};
    *best = 1e9;
    for (int run = 0; run < RUNS; ++run) {
        const double start = omp_get_wtime();
        VAE_TRY(b->device->backend->executable_run(b->executable, &step));
        const double seconds = omp_get_wtime() - start;
        if (seconds < *best) *best = seconds;
    }
    return VAE_OK;
}

int main(int argc, char **argv)
{
    const int threads = argc == 3 ? atoi(argv[1]) : 0;
    const int64_t batch = argc == 3 ? atol(argv[2]) : 0;
    if (threads < 1 || batch < 1) {
        fprintf(stderr, "usage: conv_step THREADS BATCH\n");
        return 2;
    }
    bench_program b = {0};
    double best = 0.0;
    vae_status status = open_bench(&b, threads, batch);
    if (!status) status = measure(&b, &best);
    if (status) {
        fprintf(stderr, "conv_step: %s\n", vae_error_message());
    } else {
        printf("{\"ms\": %.4f}\n", best * 1e3);
    }
    bench_program_close(&b);
    return status ? 1 : 0;
}
