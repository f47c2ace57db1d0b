/* The pictures, or other files, in a folder and below it. */
#ifndef VAE_DATA_LISTING_H
#define VAE_DATA_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "data/classes.h"
#include "data/image_file.h"
#include "data/remarks.h"

typedef struct vae_listed {
    size_t name;      /* where it begins in `names` */
    int64_t size;     /* bytes of the file */
    int64_t modified; /* nanoseconds since 1970 */
    int64_t rank;     /* among the pictures of its class */
    int32_t class;    /* index of the subfolder; 0 where there are none */
} vae_listed;

typedef struct vae_listing {
    char *names; /* below the folder, one after the other, each with its zero byte */
    vae_listed *files;
    int64_t count;
    bool names_differ;   /* no two have the same plain file name, whatever its ending */
    vae_classes classes; /* none: the pictures are in the folder itself */
} vae_listing;

/* Which files are wanted. */
typedef struct vae_listing_files {
    const char *noun;                                /* "picture" */
    vae_image_ending (*ending_of)(const char *name); /* whether a file of that name is read, known, or something else */
    const char *formats;                             /* that are read, for messages */
} vae_listing_files;
extern const vae_listing_files vae_listing_pictures;

/* Files whose names end as those that are read do, in capitals too; names that begin with a dot are
 * skipped. Those of other known formats, and names that lead to no file, are counted in the remarks. Each folder
 * directly below is a class, numbered in the order of names, and may have folders of its own. Within a class files are
 * in the order of their names, and classes are interleaved evenly, so that the first or the last part of the listing
 * has every class in proportion. VAE_ERROR_CONFIG if a folder cannot be read; VAE_ERROR_FORMAT if there is no such
 * file, or some are in the folder itself and others below. */
vae_status vae_listing_make(const char *folder, const vae_listing_files *files, vae_listing *listing,
                            vae_remarks *remarks);
/* Of one file, `name`. VAE_ERROR_MEMORY. */
vae_status vae_listing_of_file(const char *name, vae_listing *listing);
/* Adds what tells the files from others without reading them: names, sizes and times. */
void vae_listing_add_to_hash(const vae_listing *listing, vae_hash *hash);
void vae_listing_free(vae_listing *listing);

#endif
