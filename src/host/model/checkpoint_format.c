/* What the file of a checkpoint is made of: names of tensors, the locale of its numbers, its checksum. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model/checkpoint_internal.h"

const vae_arena vae_saved_arenas[VAE_SAVED_ARENAS] = {VAE_ARENA_PARAMETERS, VAE_ARENA_FIRST_MOMENT,
                                                      VAE_ARENA_SECOND_MOMENT};

static const char *tensor_prefix(vae_arena arena)
{
    if (arena == VAE_ARENA_FIRST_MOMENT) return "adam.first_moment.";
    return arena == VAE_ARENA_SECOND_MOMENT ? "adam.second_moment." : "";
}

void vae_checkpoint_tensor_name(char name[VAE_CHECKPOINT_NAME_SIZE], vae_arena arena, const vae_parameter *parameter)
{
    snprintf(name, VAE_CHECKPOINT_NAME_SIZE, "%s%s", tensor_prefix(arena), parameter->name);
}

char *vae_checkpoint_at(void *arena, vae_dtype dtype, int64_t offset)
{
    return (char *)arena + (size_t)offset * vae_dtype_size(dtype);
}

locale_t vae_checkpoint_enter_locale(locale_t *c_locale)
{
    *c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c_locale ? uselocale(*c_locale) : (locale_t)0;
}

void vae_checkpoint_leave_locale(locale_t c_locale, locale_t before)
{
    if (!c_locale) return;
    uselocale(before);
    freelocale(c_locale);
}

/* Index of the first NaN or infinity among `count` numbers, or -1. */
static int64_t first_nonfinite(const void *values, vae_dtype dtype, int64_t count)
{
    for (int64_t i = 0; i < count; ++i) {
        const bool finite =
            dtype == VAE_FLOAT64 ? isfinite(((const double *)values)[i]) : isfinite(((const float *)values)[i]);
        if (!finite) return i;
    }
    return -1;
}

vae_status vae_checkpoint_check_finite(const vae_checkpoint *checkpoint, const char *path, vae_status failure)
{
    for (int i = 0; i < VAE_SAVED_ARENAS; ++i) {
        void *arena = checkpoint->arenas[vae_saved_arenas[i]];
        for (int32_t p = 0; arena && p < checkpoint->design.layout.count; ++p) {
            const vae_parameter *parameter = &checkpoint->design.layout.parameters[p];
            const int64_t bad = first_nonfinite(vae_checkpoint_at(arena, checkpoint->dtype, parameter->offset),
                                                checkpoint->dtype, vae_shape_elements(&parameter->shape));
            if (bad < 0) continue;
            char name[VAE_CHECKPOINT_NAME_SIZE];
            vae_checkpoint_tensor_name(name, vae_saved_arenas[i], parameter);
            return vae_error_set(failure, "%s: %stensor '%s' holds a NaN or an infinity at element %" PRId64, path,
                                 failure == VAE_ERROR_NUMERIC ? "not written: " : "", name, bad);
        }
    }
    return VAE_OK;
}

double vae_checkpoint_log_deviation(const vae_checkpoint *checkpoint)
{
    const vae_layout *layout = &checkpoint->design.layout;
    const int32_t index = vae_layout_find(layout, "data.deviation");
    if (index < 0) return 0.0;
    const vae_parameter *deviation = &layout->parameters[index];
    const void *values =
        vae_checkpoint_at(checkpoint->arenas[VAE_ARENA_PARAMETERS], checkpoint->dtype, deviation->offset);
    double sum = 0.0;
    for (int64_t i = 0; i < vae_shape_elements(&deviation->shape); ++i)
        sum += log(checkpoint->dtype == VAE_FLOAT64 ? ((const double *)values)[i] : (double)((const float *)values)[i]);
    return sum;
}

unsigned long vae_checkpoint_sum_text(unsigned long sum, const char *text)
{
    return crc32_z(sum, (const Bytef *)text, strlen(text) + 1);
}

unsigned long vae_checkpoint_sum_arenas(unsigned long sum, const vae_checkpoint *checkpoint)
{
    for (int i = 0; i < VAE_SAVED_ARENAS; ++i) {
        void *arena = checkpoint->arenas[vae_saved_arenas[i]];
        for (int32_t p = 0; arena && p < checkpoint->design.layout.count; ++p) {
            const vae_parameter *parameter = &checkpoint->design.layout.parameters[p];
            char name[VAE_CHECKPOINT_NAME_SIZE];
            vae_checkpoint_tensor_name(name, vae_saved_arenas[i], parameter);
            sum = vae_checkpoint_sum_text(sum, name);
            sum = crc32_z(sum, (const Bytef *)vae_checkpoint_at(arena, checkpoint->dtype, parameter->offset),
                          (size_t)vae_shape_elements(&parameter->shape) * vae_dtype_size(checkpoint->dtype));
        }
    }
    return sum;
}

void vae_checkpoint_free(vae_checkpoint *checkpoint)
{
    vae_design_free(&checkpoint->design);
    for (int i = 0; i < VAE_ARENA_COUNT; ++i)
        free(checkpoint->arenas[i]);
    *checkpoint = (vae_checkpoint){0};
}
