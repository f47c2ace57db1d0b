/* What the command line cannot reach: models too large for the format, ops without a counterpart. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <string.h>

#include "core/file.h"
#include "export/emit.h"
#include "export/onnx.h"
#include "unit/temporary.h"

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

/* A model without numbers: 28×28 pixels, one hidden layer. */
static vae_checkpoint make_checkpoint(int64_t hidden)
{
    vae_checkpoint checkpoint = {.design.input = {.height = 28, .width = 28, .channels = 1, .scale = 1.0 / 255},
                                 .dtype = VAE_FLOAT32};
    vae_config_defaults(&checkpoint.design.config);
    checkpoint.design.config.model.encoder.count = 1;
    checkpoint.design.config.model.encoder.layer[0] = (vae_layer){.kind = VAE_LAYER_DENSE, .size = hidden};
    cr_assert_eq(vae_design_resolve(&checkpoint.design), VAE_OK);
    return checkpoint;
}

Test(onnx, more_than_two_gigabytes_are_refused_before_anything_is_read, .init = setup, .fini = teardown)
{
    /* 784 × 800,000 float32: 2.5 GB. The parameters are NULL: to touch them would end this test. */
    vae_checkpoint checkpoint = make_checkpoint(800000);
    char path[256];
    cr_assert_eq(vae_path_join(path, sizeof path, folder, "encoder.onnx"), VAE_OK);
    cr_expect_eq(vae_onnx_write(&checkpoint, VAE_ONNX_ENCODER, "large", path), VAE_ERROR_SHAPE);
    cr_expect(strstr(vae_error_message(), "encoder.0.weight"), "%s", vae_error_message());
    cr_expect(strstr(vae_error_message(), "25088000"), "%s", vae_error_message());
    cr_expect(strstr(vae_error_message(), "2147483647"), "%s", vae_error_message());
    cr_expect_not(vae_path_exists(path));
    vae_checkpoint_free(&checkpoint);
}

Test(onnx, an_op_without_emitter_is_named)
{
    vae_checkpoint checkpoint = make_checkpoint(4);
    vae_program program;
    vae_graph *graph;
    vae_value values[64] = {0};
    cr_assert_eq(vae_design_build(&checkpoint.design, (vae_build){.role = VAE_ROLE_EVALUATE, .rows = 1}, &program),
                 VAE_OK);
    cr_assert_leq(program.tensor_count, 64);
    cr_assert_eq(vae_graph_create("evaluate", &graph), VAE_OK);
    vae_emitter emitter = {.graph = graph, .program = &program, .values = values};
    cr_expect_eq(vae_emit_program(&emitter), VAE_ERROR_ARGUMENT);
    cr_expect(strstr(vae_error_message(), "op 'x' of program 'evaluate' is a gather"), "%s", vae_error_message());
    vae_graph_free(graph);
    vae_program_free(&program);
    vae_checkpoint_free(&checkpoint);
}
