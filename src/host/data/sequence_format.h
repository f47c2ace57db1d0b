/* What a file format of sequences is: a row in VAE_SEQUENCE_FORMAT_MAP, which gives one item after the other. Only
 * data/ sees this. */
#ifndef VAE_DATA_SEQUENCE_FORMAT_H
#define VAE_DATA_SEQUENCE_FORMAT_H

#include "data/probe.h"
#include "data/sequence_options.h"

typedef struct vae_sequence_format vae_sequence_format;

/* The item being read: rows from its begin to its end, as a data set stores them. Its memory is used again for the next
 * one. */
typedef struct vae_sequence_item {
    uint8_t *values;
    int64_t rows;
    int64_t row_bytes; /* of one row: sizeof(int32_t) of a text, 5·sizeof(float) of a drawing */
    size_t room;       /* bytes of values that there is memory for */
    int32_t label;     /* the number of its class; -1: it has none */
    const char *name;  /* of its file, below the folder that is read, until the next item; NULL: it has none */
    bool truncated;    /* it was longer than options->max_length, and cut */
} vae_sequence_item;

/* Appends rows to the item. VAE_ERROR_MEMORY. */
vae_status vae_sequence_item_add(vae_sequence_item *item, const void *rows, int64_t count);

/* Items, read once and in order. */
typedef struct vae_sequence_source {
    const vae_sequence_format *format;
    char name[2 * VAE_PATH_SIZE]; /* begins each message: the path as it was given */
    char file[VAE_PATH_SIZE];     /* without the key */
    const char *key;              /* of "file.npz:key"; "" where none was given */
    const vae_sequence_options *options;
    vae_classes vocabulary; /* of texts: filled by open, and taken by the data set */
    vae_classes classes;    /* what labels of items are called; likewise, by the last item at the latest */
    bool names_differ;      /* of items that have names; as in vae_dataset */
    vae_remarks remarks;    /* what the reader left out or changed so far; it adds them as it goes */
    void *state;            /* the format's own */
} vae_sequence_source;

struct vae_sequence_format {
    const char *name;
    vae_kind kind;
    bool takes_key;
    /* Whether the file, of which the first bytes are shown, unzipped, is its own. Rows are asked in their order. */
    bool (*probe)(const vae_probe *probe);
    /* On failure nothing is left to close. */
    vae_status (*open)(vae_sequence_source *source);
    void (*close)(vae_sequence_source *source);
    /* Adds the rows of the next item, which comes empty; *more is false, and the item as it was, behind the last one.
     * Longer ones than options->max_length are cut, keep their end, and say that they are truncated. */
    vae_status (*next)(vae_sequence_source *source, vae_sequence_item *item, bool *more);
    /* How much of the source has been read, from 0 to 1: items of several files are taken from whichever is behind.
     * NULL: a source of one item. */
    double (*progress)(const vae_sequence_source *source);
    /* Whether the file has that part, by name. NULL: files have no parts. */
    bool (*has_part)(const char *file, const char *part);
    /* Adds what identifies the content of a folder without reading it. NULL: it is one file, of known size and time. */
    vae_status (*add_to_hash)(const vae_sequence_source *source, vae_hash *hash);
};

/* Finds whose format a path is, and fills in the source, but does not open it: source->format->open() does. */
vae_status vae_sequence_source_find(const char *path, const vae_sequence_options *options, vae_sequence_source *source);

/* Ends what the format's open began, and frees what the data set did not take. */
void vae_sequence_source_close(vae_sequence_source *source);

/* All formats: the first of the wanted kind whose probe accepts a file reads it. */
#define VAE_SEQUENCE_FORMAT_MAP(X) X(text) X(stroke_npz) X(ndjson) X(svg) X(drawings_folder) X(midi)
#define VAE_SEQUENCE_FORMAT_ROW(name) extern const vae_sequence_format vae_sequence_format_##name;
VAE_SEQUENCE_FORMAT_MAP(VAE_SEQUENCE_FORMAT_ROW)
#undef VAE_SEQUENCE_FORMAT_ROW

#endif
