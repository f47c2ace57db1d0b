/* This machine's SGEMM speed, by oneDNN's own dnnl_sgemm: at the products of a 784-400-20-400-784 step of batch 128,
 * and at a large square. Prints one JSON line, in GFLOP/s. Usage: sgemm_peak THREADS */
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct product {
    int m, n, k;
    char left, right; /* 'T': transposed in memory */
} product;

/* The step's large products: forward, d_x and d_weight of the first and last layer. */
static const product step[] = {
    {128, 400, 784, 'N', 'N'}, {128, 784, 400, 'N', 'N'}, {128, 400, 784, 'N', 'T'},
    {784, 400, 128, 'T', 'N'}, {400, 784, 128, 'T', 'N'},
};
static const product square = {2048, 2048, 2048, 'N', 'N'};

/* Seconds of one product: the best of several rounds of about 20 ms. */
static double seconds(const product *p)
{
    const size_t room = 2048 * 2048;
    float *a = calloc(room, sizeof *a), *b = calloc(room, sizeof *b), *c = calloc(room, sizeof *c);
    const int repeats = 1 + (int)(10e9 / (2.0 * p->m * p->n * p->k));
    double best = 1e9;
    for (size_t i = 0; i < room; ++i)
        a[i] = b[i] = (float)(i % 7) * 0.25f;
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

int main(int argc, char **argv)
{
    if (argc == 2) omp_set_num_threads(atoi(argv[1]));
    double time = 0.0, work = 0.0;
    for (size_t i = 0; i < sizeof step / sizeof *step; ++i) {
        time += seconds(&step[i]);
        work += flops(&step[i]);
    }
    printf("{\"step_gflops\": %.1f, \"square_gflops\": %.1f}\n", work / time * 1e-9,
           flops(&square) / seconds(&square) * 1e-9);
    return 0;
}
