/* How sequences are read. */
#ifndef VAE_DATA_SEQUENCE_OPTIONS_H
#define VAE_DATA_SEQUENCE_OPTIONS_H

#include "data/dataset.h"

/* Steps that an item may have where max_length sets no limit: programs have one shape for each length, and nobody
 * trains on longer ones; without a limit, a file that is no text would be taken for a line of a gigabyte. */
enum { VAE_SEQUENCE_STEPS = 1 << 16 };

/* What is cut out of a piece of music, as the keys of [data] have it. */
typedef struct vae_music_options {
    vae_music_part part;
    int64_t bars, steps_per_quarter;
    bool any_metre, deduplicate;
    int64_t transpose;
} vae_music_options;

/* How sequences are read. Zeros read all of a text, by words, and of drawings all points but those that lie on
 * a line between others. */
typedef struct vae_sequence_options {
    vae_kind kind;      /* what the model takes: only formats of that kind are tried */
    const char *part;   /* "train", "validation" or "test": for files that hold all parts; NULL: not known */
    int64_t limit;      /* keep at most so many items; beyond them nothing is read or checked. 0: all */
    int64_t max_length; /* steps that are kept of an item, its begin and end not counted; 0: all */
    vae_storage storage;
    const char *cache; /* folder; NULL or "": the user's own cache folder */
    /* Of texts: */
    vae_tokens tokens;
    const vae_classes *known; /* the vocabulary, as of the training part; NULL: it is built from the text itself, of */
    int64_t vocabulary_size;  /* so many words, the most frequent, specials not counted; 0: of all */
    int64_t min_count;        /* that occur so many times */
    /* Of drawings: */
    double simplify;   /* what SVG and raw QuickDraw files are simplified by, see data/polylines.h; below 0: not */
    bool unrecognized; /* keep those that QuickDraw did not recognize */
    /* Of music: */
    vae_music_options music;
} vae_sequence_options;

#endif
