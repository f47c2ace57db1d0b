/* Base64 (RFC 4648), as data in HTML pages are written. */
#ifndef VAE_REPORT_BASE64_H
#define VAE_REPORT_BASE64_H

#include <stddef.h>
#include <stdio.h>

/* As a zero-terminated text that the caller frees; NULL without memory for it. */
char *vae_base64_encode(const void *data, size_t size);
/* The same straight to a file, whose error flag tells of failures. */
void vae_base64_print(FILE *file, const void *data, size_t size);

#endif
