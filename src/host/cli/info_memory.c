/* Builds every program of a run to see what it takes. */
#include "cli/info_memory.h"

#include <math.h>
#include <stdio.h>

vae_status vae_run_memory_find(const vae_design *design, vae_run_memory *memory)
{
    vae_build builds[VAE_RUN_PROGRAMS] = {
        {.role = VAE_ROLE_TRAIN, .rows = design->config.train.batch_size},
        {.role = VAE_ROLE_EVALUATE, .rows = design->config.evaluate.batch_size},
    };
    vae_pictures_builds(design, INT64_MAX, builds + VAE_RUN_PROGRAMS - VAE_PICTURE_BUILDS);
    *memory = (vae_run_memory){.arena = 0};
    for (int i = 0; i < VAE_RUN_PROGRAMS; ++i) {
        vae_program program;
        memory->roles[i] = builds[i].role;
        if (builds[i].rows == 0) continue;
        VAE_TRY(vae_design_build(design, builds[i], &program));
        memory->bytes[i] = 4.0 * (double)program.activation_elements;
        memory->arena = fmax(memory->arena, memory->bytes[i]);
        vae_program_free(&program);
    }
    return VAE_OK;
}

vae_status vae_run_memory_print(const vae_design *design)
{
    vae_run_memory memory;
    VAE_TRY(vae_run_memory_find(design, &memory));
    printf("shared arena  %12.3f MB, in which a run's programs take turns:", memory.arena * 1e-6);
    for (int i = 0; i < VAE_RUN_PROGRAMS; ++i) {
        if (memory.bytes[i] > 0) {
            printf("%s %s %.3f", i > 0 ? "," : "", vae_role_name(memory.roles[i]), memory.bytes[i] * 1e-6);
        }
    }
    printf("\n");
    return VAE_OK;
}

json_t *vae_run_memory_to_json(const vae_run_memory *memory)
{
    json_t *object = json_object();
    for (int i = 0; i < VAE_RUN_PROGRAMS; ++i) {
        if (memory->bytes[i] > 0)
            json_object_set_new(object, vae_role_name(memory->roles[i]), json_real(memory->bytes[i]));
    }
    return object;
}
