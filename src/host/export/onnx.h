/* A trained encoder or decoder as an ONNX model, for other runtimes: one graph with weights, normalisation included, so
 * that its numbers are those of vae_model_encode() and vae_model_decode().
 *
 *   encoder  x [batch, height, width, channels] in [0, 1] → mean, log_variance [batch, latent] of q(z|x);
 *            an autoencoder's: → code [batch, latent]
 *            of sequences: x [batch, steps], ids of tokens, or [batch, steps, 5], begin and end included and padded to
 *            the longest in the data, with lengths [batch], at least 2 → the same
 *   decoder  z [batch, latent] → image [batch, height, width, channels] = E[x|z], clamped to [0, 1]; none of sequences
 *
 * Operator set 17, float32, any batch. */
#ifndef VAE_EXPORT_ONNX_H
#define VAE_EXPORT_ONNX_H

#include "model/checkpoint.h"

typedef enum vae_onnx_part { VAE_ONNX_ENCODER, VAE_ONNX_DECODER } vae_onnx_part;

/* VAE_ERROR_ARGUMENT, with the reason, for a part that the model does not have or that no graph can be: of sequences
 * the decoder, and the encoder of a decoder only. */
vae_status vae_onnx_check(const vae_checkpoint *checkpoint, vae_onnx_part part);

/* Writes the part to `path`, aside first and then renamed; `name` is what the file calls the model. Its model_version
 * is the training step. Of the arenas only the parameters are read. VAE_ERROR_ARGUMENT for an op that has no
 * counterpart, VAE_ERROR_SHAPE for more than 2 GB, which ONNX's file format cannot hold, VAE_ERROR_IO. */
vae_status vae_onnx_write(const vae_checkpoint *checkpoint, vae_onnx_part part, const char *name, const char *path);

#endif
