/* Numbers as text. */
#ifndef VAE_CORE_NUMBER_H
#define VAE_CORE_NUMBER_H

#include <stddef.h>

/* The shortest decimal form that reads back to the same number; 32 bytes are enough. */
void vae_number_format(double value, char *text, size_t size);

/* The same of a number that is a float: the shortest form that reads back to that float. */
void vae_number_format_float(float value, char *text, size_t size);

#endif
