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

/* What images may have. */
typedef struct vae_cli_trait {
    int64_t label;  /* this label; or, where it is negative, */
    int64_t column; /* that attribute of the table, */
    int64_t class;  /* of an attribute that has classes, this one; else -1 */
} vae_cli_trait;

/* The attribute, or "attribute=class", of that name in the part's table. VAE_ERROR_ARGUMENT, with the table's path. */
vae_status vae_cli_part_find(const vae_cli_part *part, const char *name, vae_cli_trait *trait);
/* has [part->dataset->count] = 1, 0 or -1 (not known). VAE_ERROR_CONFIG where there are no labels, VAE_ERROR_ARGUMENT
 * for an attribute of numbers, or of classes of which none is named. */
vae_status vae_cli_part_membership(const vae_cli_part *part, const vae_cli_trait *trait, int8_t *has);

enum { VAE_CLI_LABEL_SIZE = 96 };

/* What to call a label: "label glasses" where its class has a name, else "label 7". */
void vae_cli_name_label(const vae_dataset *dataset, int64_t label, char name[VAE_CLI_LABEL_SIZE]);

#endif
