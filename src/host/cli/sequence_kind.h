/* What commands do with items of each kind of sequences, a row a kind: how they are called, given, shown and written.
 * A new kind is a file cli/<kind>_sink.c and a row in sequence_kind.c. */
#ifndef VAE_CLI_SEQUENCE_KIND_H
#define VAE_CLI_SEQUENCE_KIND_H

#include "cli/kind_words.h"
#include "cli/options.h"
#include "data/classes.h"
#include "model/runtime_sequences.h"
#include "report/page_run.h"

struct vae_sequence_kind;

/* An open model of sequences. */
typedef struct vae_cli_sequences {
    vae_model *model;
    const struct vae_sequence_kind *kind;
    const vae_kind_words *words;
    const vae_step_choice *choice; /* the model's, as what follows */
    const vae_config *config;
    vae_classes vocabulary; /* of texts: the model's tokens; owned */
    int64_t elements;       /* numbers of a step */
    int64_t latent;         /* 0 of a decoder only */
} vae_cli_sequences;

typedef struct vae_sequence_sink vae_sequence_sink;

/* An item that is shown. */
typedef struct vae_sequence_shown {
    const float *rows; /* [count, elements], from begin to end */
    int64_t count;
    const char *label; /* NULL: none */
    int64_t given;     /* its first rows that are the data's own: all, or what a model was to go on from; 0: none */
} vae_sequence_shown;

/* Items that a report shows together, strip by strip. */
typedef struct vae_sequence_group {
    const char *title, *caption;
    const vae_sequence_list *items;
    int64_t columns;           /* items of a strip */
    bool pairs;                /* strips are of two items, which a grid shows one over the other */
    const char *const *labels; /* [columns], or NULL */
    const int64_t *given;      /* of each item, as vae_sequence_shown has it; NULL: none */
} vae_sequence_group;

typedef struct vae_sequence_kind {
    unsigned files;          /* VAE_FILE_… that items can be written to */
    bool prints;             /* to standard output, unless a file is named */
    const char *sample_file; /* where samples go unless told; NULL: they are printed */
    /* Adds what an option names beside the run's items: a sentence as it is written; of drawings, a file of them. */
    vae_status (*read)(const vae_cli_sequences *sequences, const char *option, const char *text,
                       vae_sequence_list *list);
    /* Adds a group of them to what the report shows. */
    vae_status (*report)(const vae_cli_sequences *sequences, const vae_sequence_group *group, vae_page_run *run);
    /* See cli/sequence_sink.h. */
    vae_status (*open)(vae_sequence_sink *sink);
    vae_status (*begin_strip)(vae_sequence_sink *sink, const char *name);
    vae_status (*add)(vae_sequence_sink *sink, const vae_sequence_shown *item);
    vae_status (*finish)(vae_sequence_sink *sink);
    void (*close)(vae_sequence_sink *sink);
} vae_sequence_kind;

/* Of any kind but images. */
const vae_sequence_kind *vae_sequence_kind_of(vae_kind kind);

extern const vae_sequence_kind vae_sequence_kind_text, vae_sequence_kind_drawing, vae_sequence_kind_music;

#endif
