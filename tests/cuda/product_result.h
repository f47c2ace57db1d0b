/* What products a training on the simulated device is made of, what the device told, and what it came to. */
#ifndef VAE_TESTS_CUDA_PRODUCT_RESULT_H
#define VAE_TESTS_CUDA_PRODUCT_RESULT_H

#include "train_result.h"

/* ---- What a device tells ---- */

typedef struct heard {
    int count;
    char text[1 << 14]; /* a line a remark */
} heard;

static inline void hear(void *context, const char *text)
{
    heard *h = context;
    const size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof h->text - used, "%s\n", text);
    h->count++;
}

static inline vae_device_options listening(vae_precision precision, heard *h)
{
    *h = (heard){0};
    return (vae_device_options){.precision = precision, .remarks = {h, hear}};
}

/* ---- What a training is made of ---- */

typedef struct outcome {
    result numbers;
    int carried[VAE_EPILOGUE_COUNT]; /* products with each epilogue */
    int passed_over;                 /* the most of any product */
    int products;
    int32_t algorithms[64]; /* of each product, in the order of a step */
    int uneven;             /* products whose sums are split into parts of different lengths */
} outcome;

static inline vae_config two_layers(void)
{
    vae_config config = small_config();
    config.model.encoder = (vae_layer_list){.layer = {{.size = 33}, {.size = 20}}, .count = 2};
    return config;
}

static inline void look_at_products(const vae_executable *executable, outcome *o)
{
    for (int32_t i = 0; i < executable->lowering.count; ++i) {
        if (executable->lowering.launches[i].kind != VAE_LAUNCH_MATMUL) continue;
        const vae_matmul *shape = &executable->lowering.launches[i].as.matmul;
        vae_cuda_choice choice;
        MUST(vae_cuda_matmul_choice(executable->matmuls[i], &choice));
        cr_assert_eq(choice.epilogue, shape->epilogue);
        o->carried[shape->epilogue]++;
        cr_assert_lt(o->products, 64);
        o->algorithms[o->products++] = choice.algorithm;
        o->uneven += shape->k % choice.split_k != 0;
        if (choice.passed_over > o->passed_over) o->passed_over = choice.passed_over;
    }
}

/* 20 steps; everything that was allocated is free again. */
static inline outcome train_and_look(const vae_device_options *options, const vae_config *config)
{
    outcome o = {0};
    training t;
    const uint64_t before = simt_get_counters().device_bytes_in_use;
    open_training(&vae_backend_cuda, options, config, &t);
    if (options->choices.file) MUST(vae_backend_cuda.choices_keep(t.device));
    look_at_products(t.executable, &o);
    for (int s = 0; s < 20; ++s)
        o.numbers.loss = run_step(&t, s);
    o.numbers.parameters = read_parameters(&t);
    o.numbers.elements = t.design.layout.elements;
    close_training(&t);
    cr_assert_eq(simt_get_counters().device_bytes_in_use, before);
    return o;
}

static inline void expect_close(const outcome *a, const outcome *b)
{
    assert_close(&a->numbers, &b->numbers, 1e-5);
    for (int64_t i = 0; i < a->numbers.elements; ++i)
        cr_assert_float_eq(a->numbers.parameters[i], b->numbers.parameters[i], 1e-3, "parameter %d", (int)i);
}

static inline void expect_words(const heard *h, const char *words)
{
    cr_assert_not_null(strstr(h->text, words), "no '%s' in:\n%s", words, h->text);
}

#endif
