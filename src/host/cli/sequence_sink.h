/* Where a command's sequences go, one after the other and in strips: sentences to standard output or a text file,
 * drawings to a grid or a folder. */
#ifndef VAE_CLI_SEQUENCE_SINK_H
#define VAE_CLI_SEQUENCE_SINK_H

#include "cli/sequences.h"

typedef struct vae_sequence_sink_plan {
    const char *path;  /* of the kind's files, after vae_cli_check_outputs(); NULL: standard output */
    int64_t columns;   /* of a grid; strips begin a new row */
    int label_width;   /* of what is printed; 0: no line has its item's label, which heads a column of a grid */
    bool headings;     /* names of strips are printed above them; a grid has them beside its rows */
    bool pairs;        /* strips are of two items, which a grid shows one over the other */
    int64_t count;     /* of items: a folder's numbers have as many digits as the last one needs */
    int64_t max_steps; /* at which items are cut */
} vae_sequence_sink_plan;

struct vae_sequence_sink {
    const vae_cli_sequences *sequences;
    const vae_sequence_kind *kind;
    vae_sequence_sink_plan plan;
    int64_t done, strips; /* items and strips so far */
    int64_t made, cut;    /* items that the model made, wholly or in part, and those of them that have no end */
    void *state;          /* the kind's own */
};

/* On failure *sink is NULL. */
vae_status vae_sequence_sink_open(const vae_cli_sequences *sequences, const vae_sequence_sink_plan *plan,
                                  vae_sequence_sink **sink);
/* What follows belongs together: a row of a grid, lines of text. The name may have two lines, separated by '\n', and be
 * NULL. */
vae_status vae_sequence_sink_strip(vae_sequence_sink *sink, const char *name);
vae_status vae_sequence_sink_add(vae_sequence_sink *sink, const vae_sequence_shown *item);
/* All of the list, without labels. */
vae_status vae_sequence_sink_add_list(vae_sequence_sink *sink, const vae_sequence_list *list);
/* Files appear now, and are named on standard output unless `quiet`; how many items were cut is a warning. Frees the
 * sink. */
vae_status vae_sequence_sink_finish(vae_sequence_sink *sink, bool quiet);
/* NULL is allowed. */
void vae_sequence_sink_abandon(vae_sequence_sink *sink);

#endif
