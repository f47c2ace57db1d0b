/* Uses an installed libvae: opens a trained model, draws images from the prior, encodes and decodes them again.
 *
 *   cc encode_decode.c $(pkg-config --cflags --libs vae) -lm -o encode_decode
 *   ./encode_decode runs/mnist
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vae/vae.h>

enum { COUNT = 16 };

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, vae_error_message());
    return 1;
}

static int round_trip(vae_model *model, float *codes, float *log_variance, float *images, float *again)
{
    const vae_model_shape shape = vae_model_get_shape(model);
    if (vae_model_sample_prior(model, 1, 1.0, COUNT, codes)) return fail("sample");
    if (vae_model_decode(model, codes, COUNT, images)) return fail("decode");
    if (vae_model_encode(model, images, COUNT, codes, log_variance)) return fail("encode");
    if (vae_model_decode(model, codes, COUNT, again)) return fail("decode");

    double squares = 0.0;
    for (int64_t i = 0; i < COUNT * shape.elements; ++i)
        squares += pow((double)images[i] - (double)again[i], 2.0);
    printf("libvae %s: %lld parameters, %lld latent dimensions; root mean square error of the round trip %.4f\n",
           vae_version(), (long long)shape.parameters, (long long)shape.latent,
           sqrt(squares / (double)(COUNT * shape.elements)));
    return 0;
}

int main(int argc, char **argv)
{
    vae_model *model;
    if (argc != 2) {
        fprintf(stderr, "usage: encode_decode RUN_FOLDER_OR_CHECKPOINT\n");
        return 2;
    }
    if (vae_model_open(argv[1], NULL, &model)) return fail("open");
    const vae_model_shape shape = vae_model_get_shape(model);
    float *codes = calloc((size_t)(COUNT * shape.latent), sizeof *codes);
    float *log_variance = calloc((size_t)(COUNT * shape.latent), sizeof *log_variance);
    float *images = calloc((size_t)(COUNT * shape.elements), sizeof *images);
    float *again = calloc((size_t)(COUNT * shape.elements), sizeof *again);
    const int result =
        codes && log_variance && images && again ? round_trip(model, codes, log_variance, images, again) : 1;
    free(codes);
    free(log_variance);
    free(images);
    free(again);
    vae_model_free(model);
    return result;
}
