/* The trainer: from a configuration to a trained model in a run folder. */
#ifndef VAE_TRAIN_TRAINER_H
#define VAE_TRAIN_TRAINER_H

#include "config/config.h"
#include "train/observer.h"

/* Trains as `config`, which is checked already, says.
 *
 * A pass takes the training images in an order keyed by (seed, epoch), the short last batch included. After each epoch
 * the validation split, or the test split where there is none, is evaluated. `best` is the epoch with the lowest loss
 * (the objective's, at the final beta) on the validation split; without one it is that of the training images, so that
 * the test split never chooses. At the end the best parameters are evaluated on the test split.
 *
 * A run that was stopped or killed and is resumed gives, bit for bit, the files of one that was not, but for
 * images_per_second and TensorBoard's event files, which hold times.
 *
 * VAE_ERROR_INTERRUPTED: stopped; `last` is saved. VAE_ERROR_NUMERIC: a NaN or an infinity came up; the message names
 * the step, the tensor and the last good checkpoint, which is as it was. VAE_ERROR_CONFIG: the folder holds a run and
 * resume is not set, or holds none and it is, or the configuration is not that of the run. */
vae_status vae_train(const vae_config *config, const vae_train_options *options, vae_train_result *result);

#endif
