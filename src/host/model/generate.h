/* Sequences out of a decoder, step by step: from codes, or from nothing; on from given beginnings. The state of a step
 * stays on the device. */
#ifndef VAE_MODEL_GENERATE_H
#define VAE_MODEL_GENERATE_H

#include "data/dataset.h"
#include "model/runner.h"
#include "model/step_choice.h"

/* Sequences one after the other: item i is rows offsets[i] … offsets[i + 1] - 1 of `elements` numbers, as a data set
 * has them, but in float32. */
typedef struct vae_sequence_list {
    float *values;    /* owned, as offsets */
    int64_t *offsets; /* [count + 1] */
    int64_t count, elements;
    int64_t room; /* of values, in rows */
    int64_t open; /* rows of the item that is being made */
} vae_sequence_list;

vae_status vae_sequence_list_create(int64_t elements, vae_sequence_list *list);
/* Adds `count` rows to the item that is being made; vae_sequence_list_end() ends that. */
vae_status vae_sequence_list_add(vae_sequence_list *list, const float *rows, int64_t count);
vae_status vae_sequence_list_end(vae_sequence_list *list);
/* Adds the items of a data set at `indices`, or, where that is NULL, the first `count` of them. VAE_ERROR_ARGUMENT for
 * an index past the end, with the range. */
vae_status vae_sequence_list_take(const vae_dataset *dataset, const int64_t *indices, int64_t count,
                                  vae_sequence_list *list);
/* Also of a zeroed struct. */
void vae_sequence_list_free(vae_sequence_list *list);

/* Item `index`, from its begin on, and how many rows it has. */
static inline const float *vae_sequence_list_item(const vae_sequence_list *list, int64_t index, int64_t *rows)
{
    *rows = list->offsets[index + 1] - list->offsets[index];
    return list->values + list->offsets[index] * list->elements;
}

/* All of them as a column of a data set, borrowed. */
vae_column vae_sequence_list_column(const vae_sequence_list *list);

typedef struct vae_generator vae_generator;

/* `rows` sequences, or beams, are made at a time. VAE_ERROR_ARGUMENT for a model that is not of sequences. On failure
 * nothing is to be destroyed. The model is borrowed. */
vae_status vae_generator_create(const vae_instance *model, int64_t rows, vae_generator **generator);
/* NULL is allowed. */
void vae_generator_destroy(vae_generator *generator);

typedef struct vae_generation {
    int64_t count;      /* of sequences */
    const float *codes; /* [count, latent]; NULL where the model has none */
    /* How each begins: item i, or, if there is just one, that for all. Its begin may be missing, and an end is not
     * read. NULL: with nothing. */
    const vae_sequence_list *beginnings;
    /* Teacher forcing: `beginnings` are whole items, each step is predicted from those before it of the item itself,
     * and what is made is what is chosen for each. */
    bool forced;
    int64_t first_row; /* the number of the first sequence: draws are a function of it */
    vae_decoding decoding;
} vae_generation;

/* Adds `count` sequences to `made`, each from its begin to its end; one that is cut ends there as well, without an end.
 * VAE_ERROR_ARGUMENT for a beam search where steps cannot be counted, or a width that the generator has no rows for. */
vae_status vae_generate(vae_generator *generator, const vae_generation *what, vae_sequence_list *made);

#endif
