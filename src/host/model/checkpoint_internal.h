/* What writing and reading checkpoints share: the names of tensors, the order in which arenas are saved, the checksum.
 */
#ifndef VAE_MODEL_CHECKPOINT_INTERNAL_H
#define VAE_MODEL_CHECKPOINT_INTERNAL_H

#include <locale.h>

#include "model/checkpoint.h"

#define VAE_CHECKPOINT_FORMAT "vae-cuda checkpoint"
#define VAE_CHECKPOINT_INPUT_TYPE "input.type" /* only of data that are not bytes; the checksum takes it last */
enum { VAE_CHECKPOINT_VERSION = 1, VAE_CHECKPOINT_NAME_SIZE = VAE_NAME_SIZE + 32 };

/* Parameters first, then both moments: a checkpoint without moments has the first of these only. */
enum { VAE_SAVED_ARENAS = 3 };
extern const vae_arena vae_saved_arenas[VAE_SAVED_ARENAS];

/* What the tensor of a parameter, or of one of its moments, is called in the file. */
void vae_checkpoint_tensor_name(char name[VAE_CHECKPOINT_NAME_SIZE], vae_arena arena, const vae_parameter *parameter);
/* The place `offset` elements into an arena. */
char *vae_checkpoint_at(void *arena, vae_dtype dtype, int64_t offset);

/* Switches this thread to the C locale, in which the file's numbers are written: a program around the library may have
 * chosen one with a decimal comma. Gives the locale to return to. */
locale_t vae_checkpoint_enter_locale(locale_t *c_locale);
void vae_checkpoint_leave_locale(locale_t c_locale, locale_t before);

/* Gives `failure`, with a message that names the first tensor with a NaN or an infinity, if there is one. */
vae_status vae_checkpoint_check_finite(const vae_checkpoint *checkpoint, const char *path, vae_status failure);

/* The checksum (crc32) runs over keys and texts of the metadata with their final zeros, then over names and data of the
 * tensors in layout order. Each of these continues `sum`, which starts at 0. */
unsigned long vae_checkpoint_sum_text(unsigned long sum, const char *text);
unsigned long vae_checkpoint_sum_arenas(unsigned long sum, const vae_checkpoint *checkpoint);

#endif
