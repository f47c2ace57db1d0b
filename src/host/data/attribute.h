/* One attribute of images, a column of a table, and how it is made of fields of text. */
#ifndef VAE_DATA_ATTRIBUTE_H
#define VAE_DATA_ATTRIBUTE_H

#include <stdbool.h>

#include "data/classes.h"

typedef enum vae_attribute_kind { VAE_ATTRIBUTE_BINARY, VAE_ATTRIBUTE_NUMBER, VAE_ATTRIBUTE_CLASS } vae_attribute_kind;

/* One column; arrays are as long as the table has rows, and owned. */
typedef struct vae_attribute {
    char *name; /* owned */
    vae_attribute_kind kind;
    int8_t *has;         /* of binary ones: 1 has it, 0 lacks it, -1 not known */
    bool has_minus;      /* and some were written as -1 */
    double *numbers;     /* of numbers; NaN: not known */
    int32_t *labels;     /* of classes: their numbers; -1: not known */
    vae_classes classes; /* and what they are called */
} vae_attribute;

/* A column while a table is read: what kind it is of shows only as its fields come. Begins as zeros. While fields are
 * 1, 0, -1 or empty they are marks, else texts, all of them numbers or none. */
typedef struct vae_attribute_draft {
    int8_t *marks;      /* [room]; owned */
    const char **texts; /* [room], in the file's text; NULL as long as marks will do; owned */
    bool numbers;       /* of texts: all are numbers, or empty */
    int64_t rows;       /* that were added */
    int64_t room;
} vae_attribute_draft;

/* Whether a text is 1, 0, -1 or empty, as marks are. */
bool vae_attribute_is_mark(const char *text);
/* Adds the next row's. VAE_ERROR_FORMAT, with a message that says only what is wrong with the text, where it is not of
 * the column's kind; VAE_ERROR_MEMORY. */
vae_status vae_attribute_draft_add(vae_attribute_draft *draft, const char *text);
/* Makes the column of it, except its name. VAE_ERROR_MEMORY. */
vae_status vae_attribute_draft_finish(vae_attribute_draft *draft, vae_attribute *attribute);
void vae_attribute_draft_free(vae_attribute_draft *draft);

/* Also of a zeroed one. */
void vae_attribute_free(vae_attribute *attribute);

#endif
