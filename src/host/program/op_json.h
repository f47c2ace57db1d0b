/* Attributes of ops as JSON, for the report's page and for listings. */
#ifndef VAE_PROGRAM_OP_JSON_H
#define VAE_PROGRAM_OP_JSON_H

#include <jansson.h>

#include "program/program.h"

/* {"activation": "relu", "kernel": 4, …}: what the op's row says of its attributes. The caller has the reference. */
json_t *vae_op_attributes_to_json(const vae_op *op);

#endif
