/* report.html: one file with all that a reader of a run, or of several, needs, and no request to anywhere. */
#ifndef VAE_REPORT_PAGE_H
#define VAE_REPORT_PAGE_H

#include "report/page_run.h"

/* auto: a decoder of up to VAE_PAGE_WEIGHT_BYTES is embedded for the live explorer. */
typedef enum vae_page_explorer {
    VAE_PAGE_EXPLORER_AUTO,
    VAE_PAGE_EXPLORER_ALWAYS,
    VAE_PAGE_EXPLORER_NEVER
} vae_page_explorer;
#define VAE_PAGE_WEIGHT_BYTES ((int64_t)16 << 20)

/* Writes the page of `count` open runs; it appears at once or not at all. The same runs give the same bytes. */
vae_status vae_page_write(const char *path, const vae_page_run *runs, int count, vae_page_explorer explorer);

#endif
