/* What the ways of generating share. */
#ifndef VAE_MODEL_GENERATE_INTERNAL_H
#define VAE_MODEL_GENERATE_INTERNAL_H

#include "model/generate.h"

struct vae_generator {
    const vae_design *design;
    const vae_step_choice *choice;
    vae_runner next;
    int64_t rows, elements, latent, prediction;
    /* What a run reads and gives: [rows, …]. */
    float *inputs, *parents, *begins, *advances, *codes, *predictions;
    int64_t steps; /* that were run since the sequences began */
};

/* Rows go on from their own states, in order; the first run of a sequence begins from its code. */
void vae_generator_begin(vae_generator *generator);
/* Runs a step of all rows and reads the predictions. The state of the first run is that of the codes, which are written
 * with it. */
vae_status vae_generator_step(vae_generator *generator, bool first);

/* One sequence by beam search. `number`: which of what is asked for. */
vae_status vae_generate_beam(vae_generator *generator, const vae_generation *what, int64_t number,
                             vae_sequence_list *made);

#endif
