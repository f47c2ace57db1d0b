/* How much z tells of x: the mutual information I(x; z) = E KL(q(z|x) ‖ p(z)) - KL(q(z) ‖ p(z)) of q(z|x) and the data
 * (Hoffman & Johnson 2016), estimated as He et al. (2019) do: E log q(z|x) in closed form, less E log q(z) at one draw
 * of each q(z|x), q(z) being the mixture of the posteriors at hand. It is at most the log of how many there are. */
#ifndef VAE_MODEL_MUTUAL_INFORMATION_H
#define VAE_MODEL_MUTUAL_INFORMATION_H

#include <stdint.h>

#include "core/error.h"

/* Posteriors kept of an evaluation, spread evenly over it, however many there are: of one in `stride`, which doubles
 * whenever there is no more room. */
enum { VAE_POSTERIORS_KEPT = 512 };

typedef struct vae_posterior_sample {
    int64_t latent, room, kept, stride, seen;
    float *rows; /* [room, 2·latent]: (mean | log σ²); owned. room: VAE_POSTERIORS_KEPT, or fewer of large codes */
} vae_posterior_sample;

/* Empty; VAE_ERROR_MEMORY. */
vae_status vae_posterior_sample_create(int64_t latent, vae_posterior_sample *sample);
/* Also of a zeroed struct. */
void vae_posterior_sample_free(vae_posterior_sample *sample);
void vae_posterior_sample_reset(vae_posterior_sample *sample);
/* posterior [rows, width]; means alone, as of an autoencoder, are none: nothing is kept where width is not 2·latent. */
void vae_posterior_sample_add(vae_posterior_sample *sample, const float *posterior, int64_t rows, int64_t width);

/* In nats; the draws are at (0, VAE_STREAM_INFORMATION). NAN where nothing was kept. VAE_ERROR_MEMORY. */
vae_status vae_mutual_information(const vae_posterior_sample *sample, double *information);

#endif
