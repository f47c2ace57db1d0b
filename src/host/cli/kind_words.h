/* What items of a kind, and what is counted of them, are called in what commands print. */
#ifndef VAE_CLI_KIND_WORDS_H
#define VAE_CLI_KIND_WORDS_H

#include "config/config.h"

typedef struct vae_kind_words {
    const char *kind;              /* of a model: "of texts" */
    const char *item, *items;      /* "sentence", "sentences" */
    const char *step, *steps;      /* of sequences: "token", "tokens"; else NULL */
    const char *rate, *short_rate; /* "tokens/s", "tok/s" */
    const char *collapse;          /* what may help against it */
} vae_kind_words;

const vae_kind_words *vae_kind_words_of(vae_kind kind);

/* "sentence" of one, else "sentences"; likewise "token" and "tokens". */
const char *vae_kind_items(const vae_kind_words *words, int64_t count);
const char *vae_kind_steps(const vae_kind_words *words, int64_t count);

#endif
