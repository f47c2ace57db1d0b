/* A program that uses the library: encodes and decodes a batch again and again. bench/contention times it. */
#include <stdio.h>
#include <stdlib.h>
#include <vae/vae.h>

enum { COUNT = 256 };

static int loop(vae_model *model, long rounds, float *images, float *codes, float *log_variance)
{
    for (long i = 0; i < rounds; ++i) {
        if (vae_model_encode(model, images, COUNT, codes, log_variance)) return 1;
        if (vae_model_decode(model, codes, COUNT, images)) return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    vae_model *model;
    if (argc != 3 || vae_model_open(argv[1], NULL, &model)) {
        fprintf(stderr, "library_loop RUN_FOLDER ROUNDS: %s\n", vae_error_message());
        return 2;
    }
    const vae_model_shape shape = vae_model_get_shape(model);
    float *images = calloc((size_t)(COUNT * shape.elements), sizeof *images);
    float *codes = calloc((size_t)(COUNT * shape.latent), sizeof *codes);
    float *log_variance = calloc((size_t)(COUNT * shape.latent), sizeof *log_variance);
    const int failed =
        !images || !codes || !log_variance || loop(model, strtol(argv[2], NULL, 10), images, codes, log_variance);
    if (failed) fprintf(stderr, "library_loop: %s\n", vae_error_message());
    free(images);
    free(codes);
    free(log_variance);
    vae_model_free(model);
    return failed;
}
