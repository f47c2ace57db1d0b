/* The one table of configuration keys. */
#ifndef VAE_CONFIG_CONFIG_TABLE_H
#define VAE_CONFIG_CONFIG_TABLE_H

#include "config/key.h"

/* All keys, those of every family too, section by section; index in [0, count). */
int vae_config_key_count(void);
const vae_key *vae_config_key(int index);
/* The key that is called so, by its name or an older one; -1: there is none. */
int vae_config_key_find(const char *section, const char *name);
/* The family that alone has the key; -1: all have it. */
int vae_config_key_family(int index);
/* Whether it is the first key of its section, or of its family: listings then begin with a heading. */
bool vae_config_key_begins_section(int index);
bool vae_config_key_begins_family(int index);
/* Whether the key means anything to the configuration's family. */
bool vae_config_has_key(const vae_config *config, int index);
void *vae_config_field(vae_config *config, int index);
const void *vae_config_value(const vae_config *config, int index);

#endif
