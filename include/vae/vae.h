/* libvae: train and use variational autoencoders.
 *
 *   vae_model *model;
 *   if (vae_model_open("runs/mnist", NULL, &model)) { puts(vae_error_message()); return 1; }
 *   vae_model_encode(model, images, count, mean, log_variance);
 *   vae_model_decode(model, mean, count, reconstructions);
 *   vae_model_free(model);
 *
 * Status codes and messages: vae/status.h. Trained models: vae/model.h. */
#ifndef VAE_VAE_H
#define VAE_VAE_H

#include <vae/model.h>
#include <vae/status.h>

#define VAE_VERSION_MAJOR 0
#define VAE_VERSION_MINOR 1
#define VAE_VERSION_PATCH 0
#define VAE_VERSION "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, "0.1.0". */
VAE_API const char *vae_version(void);

#ifdef __cplusplus
}
#endif

#endif
