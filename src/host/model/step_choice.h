/* How the next step of a sequence is chosen from what a decoder predicts of it. */
#ifndef VAE_MODEL_STEP_CHOICE_H
#define VAE_MODEL_STEP_CHOICE_H

#include "model/design.h"

typedef struct vae_decoding {
    double temperature; /* draws are from p^(1/temperature), renormalised; of offsets, from variances times it. 0:
                           greedy */
    int64_t top_k;      /* of tokens, only the k most likely ones; 0: all */
    double top_p;       /* of tokens, only the most likely ones that together have this probability; 1: all */
    int64_t beams;      /* of tokens: beam search of this width, which draws nothing; 1: none */
    int64_t max_steps;  /* of a sequence, its begin and end not counted; one that does not end then is cut */
    uint64_t seed;
} vae_decoding;

/* Draws are a function of (seed, row, step). */
typedef struct vae_step_place {
    uint64_t row, step;
} vae_step_place;

typedef struct vae_step_choice vae_step_choice;
struct vae_step_choice {
    double temperature; /* at which a code becomes the one sequence that stands for it; 0: greedy */
    /* What every sequence begins with: [elements]. */
    void (*begin)(float *step);
    /* prediction [columns] → next [elements]. VAE_ERROR_NUMERIC where the prediction is not finite. */
    vae_status (*choose)(const vae_design *design, const float *prediction, int64_t columns,
                         const vae_decoding *decoding, vae_step_place place, float *next);
    /* NULL: sequences have no end of their own, and are as long as they are asked for. */
    bool (*is_end)(const float *step);
    /* log p of each of the design's tokens, from the prediction; NULL: steps cannot be counted, so there is no beam
     * search. */
    void (*log_probabilities)(const vae_design *design, const float *prediction, double *log_probability);
};

extern const vae_step_choice vae_step_choice_token, vae_step_choice_stroke, vae_step_choice_note;

static inline bool vae_step_ends(const vae_step_choice *choice, const float *step)
{
    return choice->is_end && choice->is_end(step);
}

#endif
