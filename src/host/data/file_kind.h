/* What a file is that is not one of those data sets are read from. */
#ifndef VAE_DATA_FILE_KIND_H
#define VAE_DATA_FILE_KIND_H

#include "core/error.h"
#include "data/probe.h"

/* VAE_ERROR_FORMAT that says what the file seems to be, and what to give instead; `taken` is what can be read. */
vae_status vae_file_kind_refuse(const char *path, const vae_probe *probe, const char *taken);
/* Whether it begins as one of those files does, and holds bytes that no text holds. */
bool vae_file_kind_is_binary(const vae_probe *probe);
/* Whether it begins as text does. */
bool vae_file_kind_is_text(const vae_probe *probe);

#endif
