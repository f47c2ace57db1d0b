/* What oneDNN's own convolution primitives reach at given shapes, in the layouts it likes best: the bar for the
 * convolutions of a training step. Prints one JSON line: by layer, milliseconds of forward, backward-by-data and
 * backward-by-weights, each the best of some runs, and the name of oneDNN's implementation.
 *
 * Usage: conv_peak THREADS BATCH [plain] LAYER...   LAYER is conv:C,H,W,OC,K,S,P or deconv:…
 * `plain` measures channels-last images as they lie in memory. */
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR >= 3
#error "written for oneDNN 2.x"
#endif

#define CHECK(call)                                                                                                    \
    do {                                                                                                               \
        const dnnl_status_t status_ = (call);                                                                          \
        if (status_ != dnnl_success) {                                                                                 \
            fprintf(stderr, "conv_peak: %s: status %d\n", #call, (int)status_);                                        \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { FORWARD, BY_DATA, BY_WEIGHTS, PASS_COUNT };

typedef struct layer {
    int transposed;
    long c, h, w, oc, k, s, p, oh, ow;
} layer;

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static dnnl_memory_t allocate(const_dnnl_primitive_desc_t description, dnnl_query_t what)
{
    const dnnl_memory_desc_t *d = dnnl_primitive_desc_query_md(description, what, 0);
    dnnl_memory_t memory;
    CHECK(dnnl_memory_create(&memory, d, engine, DNNL_MEMORY_ALLOCATE));
    float *values;
    CHECK(dnnl_memory_get_data_handle(memory, (void **)&values));
    const size_t count = dnnl_memory_desc_get_size(d) / sizeof(float);
    for (size_t i = 0; i < count; ++i)
        values[i] = (float)(i % 17) * 0.01f - 0.08f;
    return memory;
}

static dnnl_primitive_desc_t describe(const layer *l, long batch, int pass, int plain, dnnl_primitive_desc_t hint)
{
    const dnnl_format_tag_t tag = plain ? dnnl_acdb : dnnl_format_tag_any;
    const dnnl_dims_t xs = {batch, l->c, l->h, l->w}, ys = {batch, l->oc, l->oh, l->ow}, ws = {l->oc, l->c, l->k, l->k},
                      strides = {l->s, l->s}, padding = {l->p, l->p};
    dnnl_memory_desc_t x, y, w;
    CHECK(dnnl_memory_desc_init_by_tag(&x, 4, xs, dnnl_f32, tag));
    CHECK(dnnl_memory_desc_init_by_tag(&y, 4, ys, dnnl_f32, tag));
    CHECK(dnnl_memory_desc_init_by_tag(&w, 4, ws, dnnl_f32, dnnl_format_tag_any));
    dnnl_convolution_desc_t c;
    dnnl_deconvolution_desc_t d;
    const dnnl_alg_kind_t ca = dnnl_convolution_direct, da = dnnl_deconvolution_direct;
    if (l->transposed) {
        if (pass == FORWARD)
            CHECK(dnnl_deconvolution_forward_desc_init(&d, dnnl_forward_training, da, &x, &w, NULL, &y, strides,
                                                       padding, padding));
        else if (pass == BY_DATA)
            CHECK(dnnl_deconvolution_backward_data_desc_init(&d, da, &x, &w, &y, strides, padding, padding));
        else
            CHECK(dnnl_deconvolution_backward_weights_desc_init(&d, da, &x, &w, NULL, &y, strides, padding, padding));
    } else {
        if (pass == FORWARD)
            CHECK(dnnl_convolution_forward_desc_init(&c, dnnl_forward_training, ca, &x, &w, NULL, &y, strides, padding,
                                                     padding));
        else if (pass == BY_DATA)
            CHECK(dnnl_convolution_backward_data_desc_init(&c, ca, &x, &w, &y, strides, padding, padding));
        else
            CHECK(dnnl_convolution_backward_weights_desc_init(&c, ca, &x, &w, NULL, &y, strides, padding, padding));
    }
    dnnl_primitive_desc_t description;
    CHECK(dnnl_primitive_desc_create(&description, l->transposed ? (const_dnnl_op_desc_t)&d : (const_dnnl_op_desc_t)&c,
                                     NULL, engine, hint));
    return description;
}

static double measure(dnnl_primitive_desc_t description, int pass)
{
    static const dnnl_query_t queries[PASS_COUNT][3] = {
        {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
        {dnnl_query_diff_dst_md, dnnl_query_weights_md, dnnl_query_diff_src_md},
        {dnnl_query_src_md, dnnl_query_diff_dst_md, dnnl_query_diff_weights_md}};
    static const int names[PASS_COUNT][3] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                                             {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
                                             {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS}};
    dnnl_primitive_t primitive;
    CHECK(dnnl_primitive_create(&primitive, description));
    dnnl_exec_arg_t arguments[3];
    for (int i = 0; i < 3; ++i)
        arguments[i] = (dnnl_exec_arg_t){names[pass][i], allocate(description, queries[pass][i])};
    double best = 1e9;
    for (int run = 0; run < 30; ++run) {
        const double start = omp_get_wtime();
        CHECK(dnnl_primitive_execute(primitive, stream, 3, arguments));
        CHECK(dnnl_stream_wait(stream));
        const double seconds = omp_get_wtime() - start;
        if (seconds < best) best = seconds;
    }
    for (int i = 0; i < 3; ++i)
        dnnl_memory_destroy(arguments[i].memory);
    dnnl_primitive_destroy(primitive);
    return best;
}

static layer parse(const char *text)
{
    layer l = {.transposed = strncmp(text, "deconv:", 7) == 0};
    const char *numbers = strchr(text, ':');
    if (!numbers || sscanf(numbers, ":%ld,%ld,%ld,%ld,%ld,%ld,%ld", &l.c, &l.h, &l.w, &l.oc, &l.k, &l.s, &l.p) != 7) {
        fprintf(stderr, "conv_peak: '%s' is no conv:C,H,W,OC,K,S,P\n", text);
        exit(2);
    }
    l.oh = l.transposed ? (l.h - 1) * l.s - 2 * l.p + l.k : (l.h + 2 * l.p - l.k) / l.s + 1;
    l.ow = l.transposed ? (l.w - 1) * l.s - 2 * l.p + l.k : (l.w + 2 * l.p - l.k) / l.s + 1;
    return l;
}

static void report(const layer *l, long batch, int plain)
{
    static const char *const passes[PASS_COUNT] = {"forward", "by_data", "by_weights"};
    dnnl_primitive_desc_t forward = describe(l, batch, FORWARD, plain, NULL);
    for (int pass = 0; pass < PASS_COUNT; ++pass) {
        dnnl_primitive_desc_t description = pass == FORWARD ? forward : describe(l, batch, pass, plain, forward);
        const char *name;
        CHECK(dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name));
        printf("%s\"%s\": {\"ms\": %.4f, \"implementation\": \"%s\"}", pass ? ", " : "", passes[pass],
               measure(description, pass) * 1e3, name);
        if (description != forward) dnnl_primitive_desc_destroy(description);
    }
    dnnl_primitive_desc_destroy(forward);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: conv_peak THREADS BATCH [plain] LAYER...\n");
        return 2;
    }
    omp_set_num_threads(atoi(argv[1]));
    const long batch = atol(argv[2]);
    const int plain = strcmp(argv[3], "plain") == 0;
    CHECK(dnnl_engine_create(&engine, dnnl_cpu, 0));
    CHECK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    printf("{");
    for (int i = 3 + plain; i < argc; ++i) {
        const layer l = parse(argv[i]);
        printf("%s\"%s\": {", i > 3 + plain ? ", " : "", argv[i]);
        report(&l, batch, plain);
        printf("}");
    }
    printf("}\n");
    return 0;
}
