/* Suggestions for mistyped names. */
#ifndef VAE_CORE_NEAREST_H
#define VAE_CORE_NEAREST_H

#include <stddef.h>

/* Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of
 * neighbours cost 1. Texts are compared up to 63 bytes. */
int vae_edit_distance(const char *a, const char *b);

/* Index of the candidate nearest to `name`, or -1 if none is near enough to be meant. */
int vae_nearest(const char *name, const char *const *candidates, int count);

#endif
