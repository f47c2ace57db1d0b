/* Opens sequences for commands. */
#include "cli/sequence_input.h"

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

vae_status vae_sequence_file_add(const vae_cli_sequences *s, const char *option, const char *path, int64_t most,
                                 vae_sequence_list *list)
{
    vae_dataset dataset;
    const vae_status read = vae_sequence_file_read(s, path, &dataset);
    if (read) return vae_error_prepend(read, "%s", option);
    const int64_t count = most > 0 && most < dataset.count ? most : dataset.count;
    const vae_status status = vae_sequence_list_take(&dataset, NULL, count, list);
    vae_dataset_free(&dataset);
    return status;
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
