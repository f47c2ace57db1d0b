/* A data set: images of one shape as bytes, optional labels. Each reader fills one; nothing else knows file formats. */
#ifndef VAE_DATA_DATASET_H
#define VAE_DATA_DATASET_H

#include "backend/backend.h"
#include "core/config.h"
#include "core/hash.h"
#include "data/classes.h"
#include "data/remarks.h"
#include "data/transform.h"

/* A file in memory, see data/mapping.h. */
typedef struct vae_mapping {
    uint8_t *start; /* NULL: none */
    size_t bytes;
} vae_mapping;

typedef struct vae_dataset {
    uint8_t *pixels; /* [count, height, width, channels], owned unless borrowed; read-only where they are mapped */
    uint8_t *labels; /* [count] or NULL, owned likewise */
    /* What the labels are called, where they have names. More than labels can tell apart: there are no labels. Owned
     * likewise. */
    vae_classes classes;
    /* Of a folder's pictures: the file name of each image, below the folder, one after the other, each with its zero
     * byte; those of images held out of this part may follow. NULL where images have no names. Owned likewise. */
    char *names;
    size_t names_bytes;
    bool names_differ; /* no two pictures of the whole folder have the same plain file name, endings aside */
    int64_t count;
    int64_t height, width, channels;
    int64_t first;       /* place, in the file, of the first image: not 0 in a validation part */
    int64_t stored;      /* images in the file, of which `count` were read; 0: not known */
    int64_t skipped;     /* damaged images that were left out */
    vae_remarks remarks; /* what else was left out or changed; of a validation part none, as it is the training's */
    bool binary;         /* an array of 0 and 1, which are 0 and 255 here */
    vae_mapping mapping; /* the file that holds the pixels, if one does */
    bool borrowed;       /* shares another data set's memory, which must outlive it */
} vae_dataset;

int64_t vae_dataset_elements(const vae_dataset *dataset); /* of one image */

/* By which images are known again: see data/record.h. */
typedef struct vae_fingerprint {
    int64_t images, height, width, channels;
    char sample[VAE_HASH_TEXT]; /* hash of some of them */
} vae_fingerprint;

enum { VAE_NOTE_SIZE = 1 << 14 };

/* The three parts a run uses. Static binarisation has been applied (pixels are then 0 or 255). */
typedef struct vae_splits {
    vae_dataset train, validation, test;     /* count 0 where absent */
    double scale, shift;                     /* x = byte × scale + shift, from `normalise` */
    vae_fingerprint train_print, test_print; /* train: with the validation part */
    char note[VAE_NOTE_SIZE];                /* what a user should know of where they were found; lines, or "" */
} vae_splits;

/* Adds a line to the note, unless it is full. */
__attribute__((format(printf, 2, 3))) void vae_splits_add_note(vae_splits *splits, const char *format, ...);

/* How images are read. Zeros read all, as they are. */
typedef struct vae_read_options {
    int64_t limit;           /* keep at most so many images; beyond them nothing is read or checked. 0: all */
    vae_array_layout layout; /* of arrays of rank 4 */
    vae_transform transform;
    bool one_picture;  /* the file of a picture is taken, too, as a folder of just this one */
    bool skip_damaged; /* of a folder: leave out pictures that cannot be decoded, and count them */
    vae_storage storage;
    const char *cache; /* folder; NULL or "": the user's own cache folder */
    int threads;       /* for decoding; 0: one per processor */
} vae_read_options;

/* Reads images from what `path` names; its content decides, not its name:
 *   IDX  plain or gzip: [n, h, w] or [n, h, w, c]
 *   NPY  plain or gzip: [n, h, w], [n, h, w, c] or [n, d], which is one row of d pixels, in C or Fortran order
 *   NPZ  the array `images`, or else the only one of rank 3 or 4; "file.npz:key" names another
 *        Of these, layout may say that rank 4 is [n, c, h, w]. Numbers are integers from 0 to 255, booleans (true is
 *        255), or floats in [0, 1], which are rounded to bytes, of either byte order. Where integers are all 0 or 1,
 *        as far as they are read, 1 is 255.
 *   a folder of pictures, all of one shape once transformed; its subfolders are classes, whose numbers in the
 *        order of names become the labels where there are at most 256, else a remark. Within a class files are in the
 * order of their names, and classes are interleaved evenly, so that every part of the data set has each in proportion.
 * Memory grows with what the file holds, whatever its header promises. VAE_ERROR_CONFIG if the file cannot be opened,
 * VAE_ERROR_FORMAT if its content is not such a file, VAE_ERROR_IO, VAE_ERROR_MEMORY; *dataset is then empty. */
vae_status vae_images_read(const char *path, const vae_read_options *options, vae_dataset *dataset);
/* Reads the labels of the images into dataset->labels, and their names, if any, into dataset->classes, in place of what
 * was there: from text (data/label_table.h), or from IDX, NPY or NPZ (the array `labels`, or else the only one of rank
 * 1), whole numbers from 0 to 255, in the order of the images in their file; this must then hold exactly
 * dataset->stored labels or, where that is not known, dataset->count, or more if limit is not 0; and the images cannot
 * be those of subfolders, see data/rows.h. On failure *dataset is as it was. */
vae_status vae_labels_read(const char *path, int64_t limit, vae_dataset *dataset);
/* The number of the class that `text` names, by its name or, unless names are numbers, by its
 * number. `option` begins the message.
 * VAE_ERROR_CONFIG where there are no labels, VAE_ERROR_ARGUMENT, with the nearest name, for what is neither. */
vae_status vae_dataset_find_label(const vae_dataset *dataset, const char *option, const char *text, int64_t *label);
/* Reads the header alone: [count, height, width, channels] of the images as they are to be read. The same failures. */
vae_status vae_images_read_shape(const char *path, const vae_read_options *options, int64_t shape[4]);
vae_read_options vae_read_options_of(const vae_config *config);
void vae_dataset_free(vae_dataset *dataset);

/* Opens what [data] names, where data/place.h finds it, and checks it by the run's record, if there is one; messages
 * begin with the key, after where a file gave it. The validation part is the last of the training images that `limit`
 * leaves, and borrows their memory. Static binarisation is keyed by [train] seed, at (seed, VAE_STREAM_BINARISE_STATIC,
 * 0 train, 1 validation or 2 test, element of the part), by the rule of `gather` in program.h. VAE_ERROR_CONFIG for
 * missing files and splits that cannot be, VAE_ERROR_FORMAT for damaged files; *splits is then empty. */
vae_status vae_splits_open(const vae_config *config, vae_splits *splits);
void vae_splits_free(vae_splits *splits);
/* Static binarisation of other images, as if they were the test part. */
vae_status vae_dataset_binarise(const vae_config *config, vae_dataset *dataset);

vae_images vae_dataset_images(const vae_dataset *dataset);

#endif
