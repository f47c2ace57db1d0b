/* What jansson leaves to its users. */
#ifndef VAE_CORE_JSON_H
#define VAE_CORE_JSON_H

#include <jansson.h>

/* null for what is not finite, which JSON has no number for. */
json_t *vae_json_number(double value);

/* A text of any bytes, as paths are: those that are not UTF-8, and control characters, as \xHH. NULL without memory. */
json_t *vae_json_text(const char *text);

#endif
