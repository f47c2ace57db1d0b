/* What jansson leaves to its users. */
#ifndef VAE_CORE_JSON_H
#define VAE_CORE_JSON_H

#include <jansson.h>

#include "core/error.h"

/* null for what is not finite, which JSON has no number for. */
json_t *vae_json_number(double value);

/* A text of any bytes, as paths are: those that are not UTF-8, and control characters, as \xHH. NULL without memory. */
json_t *vae_json_text(const char *text);

/* Writes it indented, as vae_file_write_soon() does. NULL is VAE_ERROR_MEMORY. */
vae_status vae_json_write_soon(const char *path, const json_t *value);

#endif
