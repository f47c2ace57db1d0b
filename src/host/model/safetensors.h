/* safetensors files, the interchange format of Hugging Face (https://github.com/huggingface/safetensors):
 *
 *     8 bytes   N, little-endian
 *     N bytes   JSON: {"__metadata__": {"key": "text"}, "name": {"dtype", "shape", "data_offsets": [begin, end]}, …}
 *     the rest  tensors, row-major, little-endian, one after the other without holes
 *
 * This reader takes the types U8, F32 and F64 and at most VAE_MAX_RANK dimensions, which is what this project writes.
 */
#ifndef VAE_MODEL_SAFETENSORS_H
#define VAE_MODEL_SAFETENSORS_H

#include "backend/backend.h"

/* A named array; the writer borrows name and data, the reader's belong to the file. */
typedef struct vae_safetensor {
    const char *name;
    vae_dtype dtype;
    vae_shape shape;
    const void *data; /* from the reader: aligned to its element size only if the file's writer saw to it; memcpy */
    size_t bytes;     /* set by the reader; the writer computes its own */
} vae_safetensor;

typedef struct vae_safetensors_text {
    const char *key, *text;
} vae_safetensors_text;

/* Writes the file as vae_file_replace() does. The first tensor starts at a multiple of 64 bytes; the same arguments
 * give the same bytes. Keys and names must be UTF-8 and each must be used once. */
vae_status vae_safetensors_write(const char *path, const vae_safetensors_text *metadata, int32_t metadata_count,
                                 const vae_safetensor *tensors, int32_t tensor_count);

typedef struct vae_safetensors_file vae_safetensors_file;

/* Reads and checks a whole file: every tensor lies inside it, none overlap, no byte is left over. VAE_ERROR_IO, or
 * VAE_ERROR_FORMAT naming the file, the tensor and what was found. The file's bytes and its parsed header are all that
 * is allocated. Freed by vae_safetensors_free(), which accepts NULL. */
vae_status vae_safetensors_read(const char *path, vae_safetensors_file **file);
void vae_safetensors_free(vae_safetensors_file *file);

int32_t vae_safetensors_count(const vae_safetensors_file *file);
/* index in [0, count), in the order of their data. */
const vae_safetensor *vae_safetensors_get(const vae_safetensors_file *file, int32_t index);
/* NULL if there is no tensor of that name, or no metadata of that key. Owned by the file. */
const vae_safetensor *vae_safetensors_find(const vae_safetensors_file *file, const char *name);
const char *vae_safetensors_metadata(const vae_safetensors_file *file, const char *key);
/* All metadata, in the order of the file; index in [0, count). */
int32_t vae_safetensors_metadata_count(const vae_safetensors_file *file);
vae_safetensors_text vae_safetensors_metadata_get(const vae_safetensors_file *file, int32_t index);
/* "U8", "F32" or "F64" */
const char *vae_safetensors_dtype_name(vae_dtype dtype);

#endif
