/* A decode program as a page's interpreter (page/decoder.js) takes it. */
#ifndef VAE_REPORT_PAGE_DECODER_H
#define VAE_REPORT_PAGE_DECODER_H

#include <jansson.h>
#include <stdio.h>

#include "program/program.h"

/* {"input": tensor, "output": tensor, "weights": floats, "tensors": [{"name", "shape", "weight": offset or null}],
 * "ops": [{"kind", "name", "inputs": [tensor or null], "outputs", "attributes"}]}, where a tensor is an index and the
 * offsets, in floats, are those of vae_page_decoder_weights(). `program` has external tensors "z" and "mean". NULL
 * without memory. An op whose kind the page does not know is written all the same; the page says so. */
json_t *vae_page_decoder(const vae_program *program);

/* Writes the script that defines VaeFunctions: every function of program/function.h, of primitives that decoder.js
 * has. */
void vae_page_decoder_functions(FILE *file);

/* How many floats the program's parameters are. */
int64_t vae_page_decoder_weight_count(const vae_program *program);
/* Copies them one after the other, in the order of the program's tensors, to weights[weight_count]; `parameters` is
 * the arena of the layout, of doubles or of floats. */
void vae_page_decoder_weights(const vae_program *program, const void *parameters, bool is_double, float *weights);

#endif
