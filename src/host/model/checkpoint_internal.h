/* What writing and reading checkpoints share: the names of tensors, the order in which arenas are saved, the checksum.
 */
#ifndef VAE_MODEL_CHECKPOINT_INTERNAL_H
#define VAE_MODEL_CHECKPOINT_INTERNAL_H

#include <locale.h>

#include "model/checkpoint.h"
#include "model/safetensors.h"

#define VAE_CHECKPOINT_FORMAT "vae-cuda checkpoint"
#define VAE_ATTACHMENT_PREFIX "data."
enum { VAE_CHECKPOINT_VERSION = 2, VAE_CHECKPOINT_NAME_SIZE = VAE_NAME_SIZE + 32, VAE_CHECKPOINT_SUM_SIZE = 16 };

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

/* Sums of metrics stand one by one in the metadata: "epoch_sums.kl". Names are never used for anything else again. */
extern const char *const vae_checkpoint_metric_names[VAE_METRIC_COUNT];
/* By vae_kind. */
extern const char *const vae_checkpoint_kind_names[VAE_KIND_COUNT];

/* The checksum (crc32) of a file: keys and texts of all metadata but its own, in the order of the keys (strcmp), then
 * names, types, shapes and data of all tensors in the order of their names. The order in which they stand in the file
 * does not matter, as tools change it. */
vae_status vae_checkpoint_sum(const char *path, const vae_safetensors_text *texts, int32_t text_count,
                              const vae_safetensor *tensors, int32_t tensor_count, char sum[VAE_CHECKPOINT_SUM_SIZE]);

/* What files of version 1 had otherwise: checkpoint_version1.c. */
vae_status vae_checkpoint_check_sum_1(const vae_safetensors_file *file, const char *path,
                                      const vae_checkpoint *checkpoint);
/* Sums by position: numbers of metrics that the file did not know are 0. */
vae_status vae_checkpoint_read_sums_1(const vae_safetensors_file *file, const char *path, const char *key,
                                      double sums[VAE_METRIC_COUNT]);

/* Metadata that must be there and be as expected. */
vae_status vae_checkpoint_get_text(const vae_safetensors_file *file, const char *path, const char *key,
                                   const char **text);
vae_status vae_checkpoint_bad_value(const char *path, const char *key, const char *text, const char *expected);

#endif
