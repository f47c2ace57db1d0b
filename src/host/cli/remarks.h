/* Tells on standard error what reading the data left out or changed, and what a device found. */
#ifndef VAE_CLI_REMARKS_H
#define VAE_CLI_REMARKS_H

#include "backend/backend.h"
#include "data/dataset.h"

/* One line on standard error, in which bytes that are not UTF-8 and control characters are shown as \xHH. */
__attribute__((format(printf, 1, 2))) void vae_cli_warn(const char *format, ...);

/* Warns of what a device finds. */
vae_device_remarks vae_cli_device_remarks(void);

/* Where the data were found, if not where the configuration says. */
void vae_cli_tell_note(const vae_splits *splits);
/* And what reading them left out or changed; each line begins with its key. */
void vae_cli_tell_remarks(const vae_splits *splits);
/* Of other data; each line begins with `name`. */
void vae_cli_tell_remarks_of(const char *name, const vae_remarks *remarks);

#endif
