/* Writes the drawings of a file as lines of text, for tests that are scripts: a drawing a line, "label:" first, then
 * "dx dy lifted" of each step between its begin and its end.
 *
 *   write_drawings FILE PART SIMPLIFY
 */
#include <stdio.h>
#include <stdlib.h>

#include "data/sequences.h"

static void write_drawing(const vae_dataset *dataset, int64_t index)
{
    const float *rows = (const float *)(const void *)dataset->values;
    printf("%d:", dataset->labels ? dataset->labels[index] : -1);
    for (int64_t r = dataset->offsets[index] + 1; r < dataset->offsets[index + 1] - 1; ++r)
        printf(" %.9g %.9g %d", (double)rows[5 * r], (double)rows[5 * r + 1], rows[5 * r + 3] == 1);
    printf("\n");
}

int main(int count, char **arguments)
{
    vae_dataset dataset;
    if (count != 4) return 2;
    const vae_sequence_options options = {
        .kind = VAE_KIND_DRAWING, .part = arguments[2], .simplify = atof(arguments[3]), .storage = VAE_STORAGE_MEMORY};
    if (vae_sequences_read(arguments[1], &options, &dataset)) {
        fprintf(stderr, "%s\n", vae_error_message());
        return 1;
    }
    for (int64_t i = 0; i < dataset.count; ++i)
        write_drawing(&dataset, i);
    vae_dataset_free(&dataset);
    return 0;
}
