/* Which kind of data a checkpoint is of, without reading its tensors. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checkpoint_internal.h"

/* A header has some hundred bytes a tensor, and the configuration. */
enum { LENGTH_BYTES = 8, MOST_BYTES = 64 << 20 };

/* The header of the file, or NULL. */
static json_t *read_header(FILE *file)
{
    uint8_t length[LENGTH_BYTES];
    uint64_t bytes = 0;
    if (fread(length, 1, sizeof length, file) != sizeof length) return NULL;
    for (int i = LENGTH_BYTES; i-- > 0;)
        bytes = bytes << 8 | length[i];
    if (bytes > MOST_BYTES) return NULL;
    char *text = malloc((size_t)bytes + 1);
    json_t *header = NULL;
    if (text && fread(text, 1, (size_t)bytes, file) == bytes) header = json_loadb(text, (size_t)bytes, 0, NULL);
    free(text);
    return header;
}

vae_kind vae_checkpoint_peek_kind(const char *path)
{
    FILE *file = fopen(path, "rb");
    json_t *header = file ? read_header(file) : NULL;
    const char *name = json_string_value(json_object_get(json_object_get(header, "__metadata__"), "input.kind"));
    int kind = VAE_KIND_IMAGE;
    for (int i = 0; name && i < VAE_KIND_COUNT; ++i)
        if (strcmp(name, vae_checkpoint_kind_names[i]) == 0) kind = i;
    json_decref(header);
    if (file) fclose(file);
    return (vae_kind)kind;
}
