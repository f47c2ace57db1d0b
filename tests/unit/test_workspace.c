/* Executables of a store take turns in one arena. */
#include "backend/workspace.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "model/runner.h"
#include "tiny_model.h"

static int blocks;

static vae_status allocate(const char *owner, size_t bytes, void **memory)
{
    (void)owner;
    ++blocks;
    *memory = malloc(bytes + 1);
    return *memory ? VAE_OK : VAE_ERROR_MEMORY;
}

static void release(void *memory)
{
    --blocks;
    free(memory);
}

Test(workspace, grows_by_blocks_and_keeps_those_that_are_in_use)
{
    vae_workspace workspace = {.allocate = allocate, .release = release};
    void *first, *second, *smaller;
    cr_assert_eq(vae_workspace_take(&workspace, "first", 100, &first), VAE_OK);
    cr_assert_eq(vae_workspace_take(&workspace, "smaller", 50, &smaller), VAE_OK);
    cr_expect_eq(smaller, first);
    cr_assert_eq(vae_workspace_take(&workspace, "second", 101, &second), VAE_OK);
    cr_expect_neq(second, first);
    cr_expect_eq(blocks, 2);
    vae_workspace_free(&workspace);
    cr_expect_eq(blocks, 0);
}

/* What one reads, another has written over: so neither has memory of its own. */
Test(workspace, programs_of_a_model_share_theirs)
{
    const vae_config config = tiny_model_config();
    vae_checkpoint checkpoint = tiny_model_make(
        &config, (vae_input){.height = 4, .width = 4, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8}, 1.0);
    const vae_backend *b = &vae_backend_cpu;
    const vae_device_options options = {.threads = 1, .precision = VAE_PRECISION_FP32};
    const vae_build builds[] = {{.role = VAE_ROLE_ENCODE, .rows = 8}, {.role = VAE_ROLE_DECODE, .rows = 8}};
    vae_instance model = {.design = &checkpoint.design};
    vae_runner runners[2];
    float x[8 * 16], again[8 * 16], z[8 * TINY_MODEL_LATENT], mean[8 * 16];
    for (int i = 0; i < 8 * 16; ++i)
        x[i] = 0.5f;
    for (int i = 0; i < 8 * TINY_MODEL_LATENT; ++i)
        z[i] = -3.0f;
    cr_assert_eq(b->device_open(&options, &model.device), VAE_OK);
    cr_assert_eq(b->store_create(model.device, &checkpoint.design.layout, false, &model.store), VAE_OK);
    cr_assert_eq(vae_instance_reserve(&model, builds, 2), VAE_OK);
    for (int i = 0; i < 2; ++i)
        cr_assert_eq(vae_runner_create(&runners[i], &model, builds[i], NULL), VAE_OK);
    cr_assert_eq(vae_runner_write(&runners[0], "x", x), VAE_OK);
    cr_assert_eq(vae_runner_write(&runners[1], "z", z), VAE_OK);
    cr_assert_eq(vae_runner_run(&runners[1], &(vae_step){0}), VAE_OK);
    cr_assert_eq(vae_runner_read(&runners[1], "mean", mean), VAE_OK);
    cr_assert_eq(vae_runner_read(&runners[0], "x", again), VAE_OK);
    cr_expect_arr_neq(x, again, sizeof x);
    cr_expect_eq(vae_runner_columns(&runners[0], "mean"), 0);
    cr_expect_eq(vae_runner_read(&runners[0], "mean", mean), VAE_ERROR_ARGUMENT);
    for (int i = 0; i < 2; ++i)
        vae_runner_destroy(&runners[i]);
    b->store_destroy(model.store);
    b->device_close(model.device);
    vae_checkpoint_free(&checkpoint);
}
