/* What the numbers of classes are called. */
#ifndef VAE_DATA_CLASSES_H
#define VAE_DATA_CLASSES_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum { VAE_MAX_CLASSES = 256 }; /* that labels, which are bytes, can tell apart */

/* Begins as zeros: no names. */
typedef struct vae_classes {
    char *names; /* in the order of their numbers, one after the other, each with its zero byte; owned */
    size_t bytes;
    int64_t count;
} vae_classes;

vae_status vae_classes_add(vae_classes *classes, const char *name);
vae_status vae_classes_copy(const vae_classes *classes, vae_classes *copy);
void vae_classes_free(vae_classes *classes);
/* NULL: it has none. */
const char *vae_classes_name(const vae_classes *classes, int64_t number);
/* -1: none is called that. */
int64_t vae_classes_find(const vae_classes *classes, const char *name);
/* What is nearest to a name that none has, or NULL. */
const char *vae_classes_nearest(const vae_classes *classes, const char *name);

#endif
