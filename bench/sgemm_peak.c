/* This machine's SGEMM speed, by oneDNN's own dnnl_sgemm: at the products of a training step, and at a large square.
 * Prints one JSON line, in GFLOP/s. Usage: sgemm_peak THREADS [M,N,K,TRANSPOSED[,TIMES]]...
 * TRANSPOSED: NN, NT or TN, T for an operand that lies transposed in memory; TIMES: how often the step has the product.
 * Without products, those of a 784-400-20-400-784 step of batch 128. */
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct product {
    int m, n, k;
    char left, right; /* 'T': transposed in memory */
    int times;
} product;

/* Of the default step: forward, d_x and d_weight of the first and last layer. */
static const product default_step[] = {
    {128, 400, 784, 'N', 'N', 1}, {128, 784, 400, 'N', 'N', 1}, {128, 400, 784, 'N', 'T', 1},
    {784, 400, 128, 'T', 'N', 1}, {400, 784, 128, 'T', 'N', 1},
};
static const product square = {2048, 2048, 2048, 'N', 'N', 1};

static float *filled(size_t size)
{
    float *values = malloc(size * sizeof *values);
    if (!values) exit(1);
    for (size_t i = 0; i < size; ++i)
        values[i] = (float)(i % 7) * 0.25f;
    return values;
}

/* Seconds of one product: the best of several rounds of about 20 ms. */
static double seconds(const product *p)
{
    const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
    float *a = filled(m * k), *b = filled(k * n), *c = filled(m * n);
    const int repeats = 1 + (int)(10e9 / (2.0 * p->m * p->n * p->k));
    double best = 1e9;
    for (int round = 0; round < 15; ++round) {
        const double start = omp_get_wtime();
        for (int i = 0; i < repeats; ++i) {
            dnnl_sgemm(p->left, p->right, p->m, p->n, p->k, 1.0f, a, p->left == 'T' ? p->m : p->k, b,
                       p->right == 'T' ? p->k : p->n, 0.0f, c, p->n);
        }
        const double time = (omp_get_wtime() - start) / repeats;
        if (time < best) best = time;
    }
    free(a);
    free(b);
    free(c);
    return best;
}

static double flops(const product *p)
{
    return 2.0 * p->m * p->n * p->k;
}

static product parse(const char *text)
{
    product p = {.times = 1};
    const int found = sscanf(text, "%d,%d,%d,%c%c,%d", &p.m, &p.n, &p.k, &p.left, &p.right, &p.times);
    if (found < 5 || p.m < 1 || p.n < 1 || p.k < 1) {
        fprintf(stderr, "sgemm_peak: %s is not M,N,K,TRANSPOSED[,TIMES]\n", text);
        exit(2);
    }
    return p;
}

int main(int argc, char **argv)
{
    double time = 0.0, work = 0.0;
    const int given = argc - 2, count = given > 0 ? given : (int)(sizeof default_step / sizeof *default_step);
    if (argc > 1) omp_set_num_threads(atoi(argv[1]));
    for (int i = 0; i < count; ++i) {
        const product p = given > 0 ? parse(argv[i + 2]) : default_step[i];
        time += p.times * seconds(&p);
        work += p.times * flops(&p);
    }
    printf("{\"step_gflops\": %.1f, \"square_gflops\": %.1f}\n", work / time * 1e-9,
           flops(&square) / seconds(&square) * 1e-9);
    return 0;
}
