/* A data set: images of one shape as bytes, or any numbers as float32; optional labels. Each reader fills one; nothing
 * else knows file formats. */
#ifndef VAE_DATA_DATASET_H
#define VAE_DATA_DATASET_H

#include "backend/backend.h"
#include "config/config.h"
#include "core/hash.h"
#include "data/classes.h"
#include "data/mapping.h"
#include "data/remarks.h"
#include "data/transform.h"

typedef struct vae_dataset {
    vae_kind kind;
    /* [count, height, width, channels], each a byte, a level of an image, or a float32, as they lie in memory. Owned
     * unless borrowed; read-only where they are mapped. */
    uint8_t *values;
    vae_dtype dtype; /* VAE_UINT8 or VAE_FLOAT32; of texts VAE_INT32 */
    /* Of sequences, [count + 1]: item i is rows offsets[i] … offsets[i + 1] - 1 of the values; NULL of images, which
     * are a row each. Their height and width are 1, and channels the numbers of a step. Owned as values are. */
    int64_t *offsets;
    vae_classes vocabulary; /* of texts: the tokens by id; else none. Owned likewise */
    int64_t truncated;      /* sequences that were longer than allowed, and cut */
    int32_t *labels;        /* [count], numbers of classes, or NULL; owned likewise */
    /* What the labels are called. None: their numbers, which are below VAE_PLAIN_LABELS. Owned likewise. */
    vae_classes classes;
    vae_classes column_names; /* of rows of numbers whose file names its columns: [width]; else none. Owned likewise */
    /* Of a folder's pictures, or drawings that are a file each: the file name of each image, below the folder, one
     * after the other, each with its zero byte; those of images held out of this part may follow. NULL where images
     * have no names. Owned likewise. */
    char *names;
    size_t names_bytes;
    bool names_differ; /* no two pictures of the whole folder have the same plain file name, endings aside */
    int64_t count;
    int64_t height, width, channels;
    int64_t first;   /* place, in the file, of the first image: not 0 in a part that is held out */
    int64_t stored;  /* images in the file, of which `count` were read; 0: not known */
    int64_t skipped; /* damaged images that were left out */
    vae_remarks
        remarks; /* what else was left out or changed; of a part that is held out none, as it is the training's */
    bool levels; /* what is stored are levels of images, also where they are float32 here */
    bool binary; /* an array of 0 and 1, which are 0 and 255 here */
    vae_mapping mapping; /* the file that holds the values, if one does */
    bool borrowed;       /* shares another data set's memory, which must outlive it */
} vae_dataset;

int64_t vae_dataset_elements(const vae_dataset *dataset);  /* of one image */
int64_t vae_dataset_row_bytes(const vae_dataset *dataset); /* likewise */
/* Images first … first + count - 1 as models take them: bytes / 255, float32 as they are. */
void vae_dataset_read(const vae_dataset *dataset, int64_t first, int64_t count, float *images);

/* By which images are known again: see data/record.h. */
typedef struct vae_fingerprint {
    int64_t images, height, width, channels;
    char sample[VAE_HASH_TEXT]; /* hash of some of them */
} vae_fingerprint;

enum { VAE_NOTE_SIZE = 1 << 14 };

/* The three parts a run uses, of one type. Static binarisation has been applied (pixels are then 0 or 255). */
typedef struct vae_splits {
    vae_dataset train, validation, test;     /* count 0 where absent */
    double scale, shift;                     /* x = value × 255·scale + shift, value being byte / 255 or float32 */
    double *mean, *deviation;                /* [elements] of float32 with normalise = standard, else NULL; owned */
    vae_fingerprint train_print, test_print; /* train: with the validation part that is held out of it */
    vae_fingerprint validation_print;        /* of one that is a file of its own */
    char note[VAE_NOTE_SIZE];                /* what a user should know of where they were found; lines, or "" */
} vae_splits;

/* Adds a line to the note, unless it is full. */
__attribute__((format(printf, 2, 3))) void vae_splits_add_note(vae_splits *splits, const char *format, ...);

/* How images are read. Zeros read all, as they are. */
typedef struct vae_read_options {
    int64_t limit;           /* keep at most so many images; beyond them nothing is read or checked. 0: all */
    vae_store_as store;      /* of arrays; pictures are bytes */
    vae_array_layout layout; /* of arrays of rank 4 */
    vae_transform transform;
    /* What columns must be called where they have names: names one after the other, each with its zero byte. Columns in
     * another order would be taken for one another. NULL: anything. */
    const char *columns;
    size_t columns_bytes;
    bool one_picture;  /* the file of a picture is taken, too, as a folder of just this one */
    bool skip_damaged; /* of a folder: leave out pictures that cannot be decoded, and count them */
    vae_storage storage;
    const char *cache; /* folder; NULL or "": the user's own cache folder */
    int threads;       /* for decoding; 0: one per processor */
} vae_read_options;

/* The number of the class that `text` names, by its name or, unless names are numbers, by its number. `option` begins
 * the message. VAE_ERROR_CONFIG if there are no labels, VAE_ERROR_ARGUMENT, with the nearest name, for what is neither.
 * */
vae_status vae_dataset_find_label(const vae_dataset *dataset, const char *option, const char *text, int64_t *label);
void vae_dataset_free(vae_dataset *dataset);

void vae_splits_free(vae_splits *splits);
vae_column vae_dataset_images(const vae_dataset *dataset);

#endif
