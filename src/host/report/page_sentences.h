/* Sentences that the report's page lists (report/page/sentences.js). */
#ifndef VAE_REPORT_PAGE_SENTENCES_H
#define VAE_REPORT_PAGE_SENTENCES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef struct vae_page_sentences {
    const char *title, *caption; /* UTF-8 */
    const char *const *texts;    /* [count], of any bytes; strips one after the other */
    int64_t count, columns;      /* sentences of a strip */
    const char *const *labels;   /* [columns], or NULL */
    const size_t *given;         /* [count]: bytes at the beginning of each that were given to the model; NULL: none */
} vae_page_sentences;

/* Adds a group to *groups, which is made where it is NULL, for `sentences` of vae_page_run. VAE_ERROR_MEMORY. */
vae_status vae_page_sentences_add(const vae_page_sentences *group, json_t **groups);

#endif
