/* What the numbers of classes are called. */
#ifndef VAE_DATA_CLASSES_H
#define VAE_DATA_CLASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* Begins as zeros: no names. Any number of them: those below take the same time however many there are. */
typedef struct vae_classes {
    char *names; /* in the order of their numbers, one after the other, each with its zero byte; owned */
    size_t bytes;
    int64_t count;
    size_t room;        /* bytes that there is memory for */
    size_t *starts;     /* [count]: where each name begins; owned */
    int64_t *slots;     /* [slot_count], by hash: number of the class, or -1; owned */
    int64_t slot_count; /* a power of two, or 0 */
} vae_classes;

vae_status vae_classes_add(vae_classes *classes, const char *name);
/* Adds `count` names, one after the other, each with its zero byte. */
vae_status vae_classes_add_all(vae_classes *classes, const char *names, int64_t count);
vae_status vae_classes_copy(const vae_classes *classes, vae_classes *copy);
void vae_classes_free(vae_classes *classes);
/* NULL: it has none. */
const char *vae_classes_name(const vae_classes *classes, int64_t number);
/* -1: none is called that; the first, where several are. */
int64_t vae_classes_find(const vae_classes *classes, const char *name);
/* The first of them that is called otherwise in `names` [bytes], which are one after the other, each with its zero
 * byte; *other is that name. -1: as many as both have are the same. */
int64_t vae_classes_compare(const vae_classes *classes, const char *names, size_t bytes, const char **other);
/* Whether a name is digits, maybe with a minus before them. */
bool vae_classes_is_integer(const char *name);
/* What is nearest to a name that none has, or NULL. */
const char *vae_classes_nearest(const vae_classes *classes, const char *name);

#endif
