/* libvae: train and use variational autoencoders.
 *
 *   vae_model *model;
 *   if (vae_model_open("runs/mnist", NULL, &model)) { puts(vae_error_message()); return 1; }
 *   vae_model_encode(model, images, count, mean, log_variance);
 *   vae_model_decode(model, mean, count, reconstructions);
 *   vae_model_free(model);
 *
 * Status codes and messages: vae/status.h. Trained models: vae/model.h. Training: vae/train.h. */
#ifndef VAE_VAE_H
#define VAE_VAE_H

#include <vae/model.h>
#include <vae/status.h>
#include <vae/train.h>

/* The version of this header, here and nowhere else: CMake reads these three lines. */
#define VAE_VERSION_MAJOR 0
#define VAE_VERSION_MINOR 2
#define VAE_VERSION_PATCH 0
#define VAE_VERSION_TEXT_(major, minor, patch) #major "." #minor "." #patch
#define VAE_VERSION_TEXT(major, minor, patch) VAE_VERSION_TEXT_(major, minor, patch)
#define VAE_VERSION VAE_VERSION_TEXT(VAE_VERSION_MAJOR, VAE_VERSION_MINOR, VAE_VERSION_PATCH) /* "0.2.0" */

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, as VAE_VERSION is written. */
VAE_API const char *vae_version(void);

#ifdef __cplusplus
}
#endif

#endif
