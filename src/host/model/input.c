/* What a model is told of its data, from the data. */
#include "model/input.h"

static int64_t longest(const vae_dataset *dataset)
{
    int64_t most = 0;
    for (int64_t i = 0; dataset->offsets && i < dataset->count; ++i) {
        const int64_t rows = dataset->offsets[i + 1] - dataset->offsets[i];
        most = rows > most ? rows : most;
    }
    return most;
}

static int64_t longest_of_all(const vae_splits *splits)
{
    const int64_t parts[] = {longest(&splits->train), longest(&splits->validation), longest(&splits->test)};
    const int64_t held_out = parts[1] > parts[2] ? parts[1] : parts[2];
    return parts[0] > held_out ? parts[0] : held_out;
}

vae_input vae_input_of_data(const vae_splits *splits)
{
    return (vae_input){
        .height = splits->train.height,
        .width = splits->train.width,
        .channels = splits->train.channels,
        .scale = splits->scale,
        .shift = splits->shift,
        .dtype = splits->train.dtype,
        .kind = splits->train.kind,
        .longest = longest_of_all(splits),
        .vocabulary = splits->train.vocabulary.count,
    };
}
