/* A configuration key: what it is called and may hold, and how its value is read and written. */
#ifndef VAE_CONFIG_KEY_H
#define VAE_CONFIG_KEY_H

#include <stddef.h>
#include <stdio.h>

#include "config/config.h"

typedef enum vae_key_type {
    VAE_KEY_INTEGER, /* int64_t in [minimum, maximum] */
    VAE_KEY_REAL,    /* double in [minimum, maximum], finite */
    VAE_KEY_CHOICE,  /* an enum: index into choices */
    VAE_KEY_TEXT,    /* char[maximum] */
    VAE_KEY_LAYERS,  /* vae_layer_list */
    VAE_KEY_DECODER, /* vae_decoder_layers */
    VAE_KEY_SIZE,    /* vae_image_size */
    VAE_KEY_LATENT,  /* vae_latent_sizes */
} vae_key_type;

typedef struct vae_key {
    const char *section, *name;
    vae_key_type type;
    size_t offset; /* in vae_config, or in the struct of the keys of a family or group */
    double minimum, maximum;
    const char *const *choices; /* NULL-terminated */
    const char *initial;        /* the default, as it would stand in a file */
    const char *help;
    const char *alias; /* an older name that is read too, and never written; NULL: none */
    uint64_t kinds;    /* of data that have the key: bits 1 << vae_kind; 0: all */
    /* A key of the same section, a number or a choice, on which it depends whether this one, of these types too, has an
     * effect; NULL: it always has. */
    const char *needs;
    uint64_t values; /* of that choice, with which it has: bits 1 << index; of a number 0: all but the default */
} vae_key;

/* Whether `name` is the key's name or its alias. */
bool vae_key_is_called(const vae_key *key, const char *name);

/* What data are that have the key: "images", "texts, drawings". */
void vae_key_kinds(const vae_key *key, char *text, size_t size);
bool vae_key_is_of(const vae_key *key, vae_kind kind);
const char *vae_kind_name(vae_kind kind); /* "images" */

/* Whether a number or choice is the default. */
bool vae_key_is_initial(const vae_key *key, const void *field);

/* Reads `text` into a field of the row's type. On failure the message says what is allowed, without naming the key. */
vae_status vae_key_parse(const vae_key *key, void *field, const char *text);
/* Writes the field as it stands in a file, behind "key = ", so that reading gives the same value. */
void vae_key_write(const vae_key *key, const void *field, FILE *stream);
/* Describes what is allowed: "an integer from 1 to 1000". */
void vae_key_allowed(const vae_key *key, char *text, size_t size);
/* The same for lists of keys, with the data that have it and its other name: "…; of images only; also train_images". */
void vae_key_describe(const vae_key *key, char *text, size_t size);

#endif
