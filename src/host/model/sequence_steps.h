/* What models of sequences differ in: what a step is, how it is read and predicted, and what else a family says of its
 * model. model/sequence_model.h and model/sequence_decoder.h make programs of it. */
#ifndef VAE_MODEL_SEQUENCE_STEPS_H
#define VAE_MODEL_SEQUENCE_STEPS_H

#include "model/design.h"

/* What a step is. */
typedef struct vae_sequence_steps {
    int64_t (*width)(const vae_design *design);      /* of a step as the networks read it */
    int64_t (*prediction)(const vae_design *design); /* of what the decoder says of a step */
    /* Parameters beside a network's, such as embeddings. NULL: none. `side` is "encoder" or "decoder". */
    vae_status (*declare)(const vae_design *design, const char *side, vae_layout *layout);
    /* From x as the data have it to x as the model has it, [steps·rows, elements]. NULL: they are the same. */
    vae_status (*scale)(const vae_design *design, vae_program *program, vae_tensor *x);
    /* x [steps·rows, elements] → [steps·rows, width]. */
    vae_status (*read)(const vae_design *design, vae_program *program, const char *side, vae_tensor x, bool training,
                       vae_tensor *y);
    /* prediction [steps·rows, …], what the decoder read for it, x [steps·rows, elements], and lengths [rows] → y, x of
     * which a share vae_step.sampling is drawn from the prediction of the step before. NULL: always teacher forcing. */
    vae_status (*sample)(const vae_design *design, vae_program *program, vae_tensor prediction, vae_tensor x,
                         vae_tensor lengths, vae_tensor *y);
    /* prediction [steps·rows, …], targets [steps·rows, elements] and their lengths [rows] → log p(x|z) [rows]. */
    vae_status (*log_likelihood)(const vae_design *design, vae_program *program, vae_tensor prediction,
                                 vae_tensor targets, vae_tensor lengths, bool training, vae_tensor *ll);
} vae_sequence_steps;

/* A batch of them, as encoder and decoder have it. */
typedef struct vae_sequences {
    int64_t steps, rows; /* of the decoder: one step less than x has */
    vae_tensor inputs;   /* [steps·rows, elements]: what the decoder reads */
    vae_tensor targets;  /* [steps·rows, elements]: what follows each */
    vae_tensor lengths;  /* [rows]: of the targets */
    vae_tensor present;  /* [rows]: 1, and 0 where a short batch was filled up */
} vae_sequences;

typedef struct vae_sequence_model {
    const vae_sequence_steps *steps;
    bool has_posterior; /* else there is a decoder only, and no z */
    int64_t fixed;      /* training programs have this many steps, whatever lengths there are; 0: by buckets */
    /* What the loss is made of: this times -log p(x|z), and this times the KL; 1 and 1 for the ELBO. */
    double step_share, dimension_share;
    int64_t conductor_units; /* 0: no conductor, see model/sequence_decoder.h */
    int64_t segment_steps;   /* with one: of which all items have the same whole number */
} vae_sequence_model;

#endif
