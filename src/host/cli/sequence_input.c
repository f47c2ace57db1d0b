/* Opens sequences for commands, and copies some of them. */
#include "cli/sequence_input.h"

#include <inttypes.h>

#include "cli/images.h"
#include "cli/remarks.h"
#include "data/sequence_splits.h"
#include "data/sequences.h"
#include "model/runtime.h"

vae_status vae_sequence_file_read(const vae_cli_sequences *s, const char *path, vae_dataset *dataset)
{
    /* Of a file that holds all parts, the test part. */
    vae_sequence_options options = vae_sequence_options_of(s->config, "test", &s->vocabulary);
    options.limit = 0;
    VAE_TRY(vae_sequences_read(path, &options, dataset));
    vae_cli_tell_remarks_of(path, &dataset->remarks);
    return VAE_OK;
}

vae_status vae_sequence_input_open(const vae_cli_sequences *s, const vae_cli_input_options *options,
                                   vae_sequence_input *input)
{
    *input = (vae_sequence_input){.part = "given"};
    VAE_TRY(vae_cli_input_check(options));
    if (options->input) {
        input->dataset = &input->file;
        return vae_sequence_file_read(s, options->input, &input->file);
    }
    VAE_TRY(vae_cli_splits_open(s->model, &input->splits));
    const vae_status status = vae_cli_find_split(&input->splits, options->split, &input->dataset, &input->part);
    if (status) vae_sequence_input_close(input);
    return status;
}

void vae_sequence_input_close(vae_sequence_input *input)
{
    vae_splits_free(&input->splits);
    vae_dataset_free(&input->file);
}

static vae_status add_item(const vae_dataset *dataset, int64_t index, vae_sequence_list *list)
{
    const int64_t elements = list->elements;
    for (int64_t row = dataset->offsets[index]; row < dataset->offsets[index + 1]; ++row) {
        float values[8];
        for (int64_t k = 0; k < elements; ++k) {
            const void *all = dataset->values;
            values[k] = dataset->dtype == VAE_INT32 ? (float)((const int32_t *)all)[row * elements + k]
                                                    : ((const float *)all)[row * elements + k];
        }
        VAE_TRY(vae_sequence_list_add(list, values, 1));
    }
    return vae_sequence_list_end(list);
}

vae_status vae_sequence_list_take(const vae_dataset *dataset, const int64_t *indices, int64_t count,
                                  vae_sequence_list *list)
{
    for (int64_t i = 0; i < count; ++i) {
        const int64_t index = indices ? indices[i] : i;
        if (index >= dataset->count) {
            return vae_error_set(VAE_ERROR_ARGUMENT, "index %" PRId64 " is past the last item, %" PRId64, index,
                                 dataset->count - 1);
        }
        VAE_TRY(add_item(dataset, index, list));
    }
    return VAE_OK;
}
