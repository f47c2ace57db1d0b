/* What the files of the runtime share: an open model, whose programs are fed a fixed number of rows at a time. */
#ifndef VAE_MODEL_RUNTIME_INTERNAL_H
#define VAE_MODEL_RUNTIME_INTERNAL_H

#include "model/generate.h"
#include "model/runner.h"
#include "model/runtime.h"

/* Every batch has this many rows, the last one padded: a row's result then never depends on how many came with it. */
enum { VAE_MODEL_ROWS = 256 };

/* One program that the host feeds, with room for a batch of its input and output. */
typedef struct vae_feed {
    vae_runner runner;
    const char *input, *output; /* ports */
    int64_t input_width, output_width;
    float *input_rows, *output_rows; /* [VAE_MODEL_ROWS, width] */
} vae_feed;

struct vae_model {
    vae_checkpoint checkpoint;
    vae_device *device;
    vae_store *store;
    vae_feed encoder, decoder;
    vae_feed prior;           /* from normals to codes; not open where p(z) is the standard normal */
    vae_feed draw;            /* from codes to draws of p(x|z); opened by the first call that asks for them */
    vae_generator *generator; /* of models of sequences; made by the first call that asks for one */
    /* x → log w; made by the first call that asks for a likelihood. */
    vae_runner bound;
    double log_deviation; /* what a log-likelihood of x has more than one in the data's units */
};

vae_status vae_feed_open(vae_model *model, vae_feed *f, vae_role role, const char *input, const char *output);

#endif
