/* What a file format is to the data set: a row in VAE_FORMAT_MAP, which opens a source of numbers or of images.
 * Only data/ sees this. */
#ifndef VAE_DATA_FORMAT_H
#define VAE_DATA_FORMAT_H

#include <stdio.h>
#include <sys/stat.h>

#include "core/hash.h"
#include "data/dataset.h"
#include "data/numbers.h"
#include "data/probe.h"

typedef struct vae_format vae_format;

enum { VAE_SOURCE_NAME_SIZE = 2 * VAE_PATH_SIZE };

/* A source of images or labels, read once and in order. */
typedef struct vae_source {
    const vae_format *format;
    char name[VAE_SOURCE_NAME_SIZE]; /* begins each message: the path, with the key where there is one */
    char file[VAE_PATH_SIZE];        /* the path without the key */
    int64_t count;                   /* number of images or labels; at least 1 */
    int64_t height, width, channels; /* of the images as stored; of a folder's as they are to be read. Labels: 1 */
    vae_dtype dtype;                 /* that images are to have; known once they were examined */
    int64_t plain_offset;            /* where the images' bytes begin, if the file holds nothing after them; else 0 */
    vae_remarks remarks;             /* what a reader left out or changed so far; it adds them as it goes */
    vae_numbers *numbers;            /* to read from; NULL of formats that have read_images */
    /* If the numbers are not stored in the order of [n, h, w, c]: how many at a time must be in memory to be reordered,
     * and how; 0: they are in order. */
    int64_t block;
    vae_array_order order;
    void *block_numbers; /* [block] bytes or floats, owned */
    int64_t block_left;  /* left to read of the current one */
    void *state;         /* the format's own */
} vae_source;

typedef struct vae_request {
    const char *path;
    const char *key; /* of "file.npz:key"; "" where none was given */
    vae_content content;
    const vae_read_options *options;
} vae_request;

struct vae_format {
    const char *name;
    bool takes_key;
    bool (*probe)(const vae_probe *probe);
    /* Reads the header and fills in the source, except format and name. On failure nothing is left to close. */
    vae_status (*open)(vae_source *source, const vae_request *request);
    void (*close)(vae_source *source);
    /* Adds what identifies the content without reading it: path, key, size, time of change. */
    vae_status (*add_to_hash)(const vae_source *source, vae_hash *hash);
    /* The source either has `numbers`, or gives images first … first + count - 1, transformed, their labels where
     * labels is not NULL, and their names, each with its zero byte. If the options say so, damaged images are left out
     * and the others moved up: *kept is how many there are. A failure to write names shows when the caller closes that
     * stream. */
    vae_status (*read_images)(vae_source *source, int64_t first, int64_t count, uint8_t *pixels, int32_t *labels,
                              FILE *names, int64_t *kept);
    /* Of read_images: names of the classes that the labels number; none if the images have no classes. */
    vae_status (*classes)(const vae_source *source, vae_classes *classes);
    bool (*names_differ)(const vae_source *source); /* as in vae_dataset */
    /* Of a source of numbers: what the columns of its rows are called, if they have names. NULL: they never have. */
    vae_status (*column_names)(const vae_source *source, vae_classes *names);
};

/* Examines what the path names. VAE_ERROR_CONFIG if it cannot be opened, VAE_ERROR_FORMAT if it is neither a folder nor
 * a regular file, or is damaged gzip. */
vae_status vae_source_probe(const char *path, vae_probe *probe);
/* A path that exists only without its last colon and what follows is taken as file and key. VAE_ERROR_CONFIG if it
 * cannot be opened, VAE_ERROR_FORMAT if it is neither a folder nor a regular file. On failure *source needs no closing.
 * */
vae_status vae_source_open(const char *path, vae_content content, const vae_read_options *options, vae_source *source);
void vae_source_close(vae_source *source);
/* "file.npz:key" becomes the two, unless there is a file of just that name, or none of the shorter name: then NULL. */
const char *vae_source_split_key(const char *path, char file[VAE_PATH_SIZE]);
/* VAE_ERROR_CONFIG for a path that cannot be opened, by errno: says what fetches it, where a script does. */
vae_status vae_source_cannot_open(const char *path, int reason);

/* Adds what identifies a file without reading it: whole path, size and time of change. VAE_ERROR_CONFIG. */
vae_status vae_hash_add_file(vae_hash *hash, const char *path);
/* add_to_hash of formats that are one file. */
vae_status vae_source_add_to_hash(const vae_source *source, vae_hash *hash);

/* ---- Of formats that are arrays of numbers: data/source_numbers.c ---- */

/* VAE_ERROR_FORMAT, with what was expected, if an array of that shape cannot be the content: images are [n, h, w],
 * [n, h, w, c], by layout [n, c, h, w], or [n, d], which is one row of d pixels, as those of higher ranks become;
 * labels are [n] or [n, 1]. */
vae_status vae_numbers_check_shape(const vae_numbers *numbers, const vae_request *request);
/* Makes them the source's: sets its count, its shape and the order in which they are stored. */
void vae_source_set_numbers(vae_source *source, vae_numbers *numbers, const vae_request *request);
/* Looks through the first `images`, before any is read: decides by options->store what they become, source->dtype, and
 * finds their largest byte, as vae_numbers_largest() does; of other numbers VAE_NUMBERS_BRIGHT. Where these are
 * integers, all 0 or 1, 1 becomes 255. Those that are to be transformed become bytes; VAE_ERROR_CONFIG where store is
 * float32. */
vae_status vae_source_examine(vae_source *source, const vae_read_options *options, int64_t images, int *largest);
/* Adds remarks on `images` images, of a folder too, whose largest byte is `largest`: how their numbers were changed,
 * and levels that are probably a mistake. */
void vae_source_tell_levels(vae_source *source, int64_t images, int largest);
/* The next `count` numbers as bytes, in the order of [n, h, w, c]. Fails if there are fewer; nothing is allocated on
 * the strength of the header alone. */
vae_status vae_source_read_numbers(vae_source *source, uint8_t *bytes, int64_t count);
/* The same as floats, as vae_numbers_read_floats() gives them. A source is read either as floats or as bytes. */
vae_status vae_source_read_floats(vae_source *source, float *floats, int64_t count);

/* All formats: the first whose probe accepts a file reads it. */
#define VAE_FORMAT_MAP(X) X(npy) X(npz) X(folder) X(idx) X(arff) X(csv)
#define VAE_FORMAT_ROW(name) extern const vae_format vae_format_##name;
VAE_FORMAT_MAP(VAE_FORMAT_ROW)
#undef VAE_FORMAT_ROW

#endif
