/* Which images of a run have something: an attribute of a table, or a label. */
#ifndef VAE_CLI_GROUPS_H
#define VAE_CLI_GROUPS_H

#include "cli/images.h"
#include "data/attributes.h"

/* A part of the run's data and what is known of its images. */
typedef struct vae_cli_part {
    const char *name;           /* "train" or "test" */
    const vae_dataset *dataset; /* borrowed from the splits */
    vae_attribute_table table;  /* empty unless read; owned */
    char table_path[VAE_PATH_SIZE];
} vae_cli_part;

/* Reads the table of `part` (name and dataset set): `given`, or else what the run's [data] train_attributes or
 * test_attributes names. VAE_ERROR_CONFIG where neither does. */
vae_status vae_cli_part_read(const vae_model *model, const char *given, vae_cli_part *part);
void vae_cli_part_free(vae_cli_part *part);

/* has [part->dataset->count] = 1, 0 or -1 (not known), by the attribute in column `attribute` of the table or, where
 * label is not negative, by whether that is the image's label; VAE_ERROR_CONFIG where there are no labels. */
vae_status vae_cli_part_membership(const vae_cli_part *part, int64_t attribute, int64_t label, int8_t *has);

enum { VAE_CLI_LABEL_SIZE = 96 };

/* What to call a label: "label glasses" where its class has a name, else "label 7". */
void vae_cli_name_label(const vae_dataset *dataset, int64_t label, char name[VAE_CLI_LABEL_SIZE]);

#endif
