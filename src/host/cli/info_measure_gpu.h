/* What `vae-cuda info --measure` prints of a GPU. */
#ifndef VAE_CLI_INFO_MEASURE_GPU_H
#define VAE_CLI_INFO_MEASURE_GPU_H

#include <jansson.h>

#include "train/measure.h"

/* Launches with their share of the roofline, then the products among them. `precision` is that of products. */
void vae_cli_print_launches(const vae_measured_step *measured, vae_precision precision);
/* A step's replay, and what events add. */
void vae_cli_print_replay(const vae_measured_step *measured, vae_precision precision);

/* Adds to the object of a part, and to that of the whole, what there is to say. */
void vae_cli_add_launch(json_t *object, const vae_measured_step *measured, const vae_measured_part *part,
                        vae_precision precision);
void vae_cli_add_replay(json_t *object, const vae_measured_step *measured, vae_precision precision);

#endif
