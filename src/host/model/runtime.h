/* What the program's own commands see of an open model, beyond the public vae/model.h. */
#ifndef VAE_MODEL_RUNTIME_H
#define VAE_MODEL_RUNTIME_H

#include <vae/model.h>

#include "model/checkpoint.h"

/* vae_model_open(), with somebody who hears what the device finds. */
vae_status vae_model_open_told(const char *path, const vae_model_options *options, vae_device_remarks remarks,
                               vae_model **model);

/* The configuration and the input's shape and scale that the model was trained with; owned by the model. */
const vae_config *vae_model_config(const vae_model *model);
/* All of it; who changes more than where [data] is found has another model. */
vae_checkpoint *vae_model_checkpoint(vae_model *model);
/* What goes along with it: see vae_checkpoint_attached(). */
const vae_attachment *vae_model_attached(const vae_model *model, const char *name);
/* See vae_checkpoint_vocabulary(). */
vae_status vae_model_vocabulary(const vae_model *model, vae_classes *vocabulary);
const vae_input *vae_model_input(const vae_model *model);
const vae_traits *vae_model_traits(const vae_model *model);

/* Rows first … first + count - 1 of what vae_model_sample_prior() gives, bit for bit. */
vae_status vae_model_sample_prior_from(vae_model *model, uint64_t seed, double temperature, int64_t first,
                                       int64_t count, float *codes);

/* items [count, elements]: draws of p(x|z), one of each of the codes [count, latent], which are rows first … first +
 * count - 1 of all, with noise that is a function of seed, row and element. VAE_ERROR_CONFIG for a likelihood that
 * nothing draws from. */
vae_status vae_model_draw_from(vae_model *model, uint64_t seed, const float *codes, int64_t first, int64_t count,
                               float *items);

/* Parameters of a checkpoint in a store on `device`; moments too where `training`. *store is NULL on failure. */
vae_status vae_checkpoint_load_store(const vae_checkpoint *checkpoint, vae_device *device, bool training,
                                     vae_store **store);

#endif
