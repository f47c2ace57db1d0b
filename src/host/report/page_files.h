/* The files of report/page/, which the build turns into byte arrays (cmake/page.cmake). */
#ifndef VAE_REPORT_PAGE_FILES_H
#define VAE_REPORT_PAGE_FILES_H

#include <stddef.h>

typedef struct vae_page_file {
    const char *name;          /* "style.css" */
    const unsigned char *data; /* followed by a zero that size does not count */
    size_t size;
} vae_page_file;

extern const vae_page_file vae_page_files[];
extern const int vae_page_file_count;

#endif
