/* The one table of configuration keys. */
#ifndef VAE_CONFIG_CONFIG_TABLE_H
#define VAE_CONFIG_CONFIG_TABLE_H

#include "config/key.h"

/* All keys, those of every family and group too, section by section; index in [0, count). */
int vae_config_key_count(void);
const vae_key *vae_config_key(int index);
/* The key that is called so, by its name or an older one; -1: there is none. */
int vae_config_key_find(const char *section, const char *name);
void *vae_config_field(vae_config *config, int index);
const void *vae_config_value(const vae_config *config, int index);

/* Whether the key means anything to the configuration's family, and to data of its kind. */
bool vae_config_has_key(const vae_config *config, int index);
/* Whether the key that this one needs has not the value with which it has an effect: kl_rise, kl_schedule = linear. */
bool vae_config_key_is_idle(const vae_config *config, int index);
/* Whether it is not one that all families have, but one of a family or of a group that some share. */
bool vae_config_key_is_owned(int index);
/* The families that have it, kinds of data aside: "text_vae, sketch_rnn"; "" where none does. */
void vae_config_key_families(int index, char *text, size_t size);

/* Whether it is the first key of its section: listings then begin with a heading. */
bool vae_config_key_begins_section(int index);
/* Whether it is the first of its family or group: what this is, for the heading of a listing; else NULL. */
const char *vae_config_key_begins_owner(int index);

#endif
