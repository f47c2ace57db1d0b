/* What jansson leaves to its users. */
#ifndef VAE_CORE_JSON_H
#define VAE_CORE_JSON_H

#include <jansson.h>

/* null for what is not finite, which JSON has no number for. */
json_t *vae_json_number(double value);

#endif
