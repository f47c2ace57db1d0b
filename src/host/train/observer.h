/* How a training is asked for, what it tells while it runs, and how it ends. */
#ifndef VAE_TRAIN_OBSERVER_H
#define VAE_TRAIN_OBSERVER_H

#include <signal.h>

#include "data/buckets.h"
#include "data/dataset.h"
#include "model/design.h"
#include "train/metrics.h"

/* What an observer is told; all of it is valid during the call only. */
typedef struct vae_train_start {
    const char *folder, *device; /* device: "cpu: 2 threads, …" */
    int64_t parameters;
    vae_input input;
    const vae_traits *traits;
    int64_t train_images, validation_images, test_images;
    const vae_buckets *buckets; /* of sequences, as they are trained on; else without any */
    const vae_splits *data;     /* what was read, and what its reading left out or changed */
    int64_t epochs, steps_per_epoch;
    bool resumed;
    int64_t epoch, step;   /* where training goes on: both 0 in a new run */
    int64_t missing_lines; /* of metrics.jsonl, which the run had written and are no longer there */
} vae_train_start;

typedef struct vae_train_tick {
    int64_t epoch, epochs; /* epoch from 1 */
    int64_t step, steps;   /* completed, and of the whole run */
    int64_t epoch_step, steps_per_epoch;
    vae_metrics_line mean;    /* of the epoch so far */
    double images_per_second; /* of this process so far, training only */
    double seconds_left;      /* of training, at this rate */
} vae_train_tick;

typedef struct vae_train_epoch {
    int64_t epoch, epochs;
    vae_metrics_line train;
    const vae_metrics_line *held_out; /* validation, or else test; NULL where the data has neither */
    double train_loss, held_out_loss; /* the objective's, at the last beta; NAN where there is none */
    bool improved;                    /* it is the best so far */
    double rate;                      /* what the learning rate dropped to, training going on from the best; else NAN */
    double information_before;        /* the mutual information that this epoch's is below, which ends the encoder's
                                       * updates ahead of the decoder's, told once; else NAN */
    bool collapsed;                   /* no dimension of the code carries anything, told once: train/collapse.h */
    const char *sample;               /* of texts: what the model says of itself now, of any bytes; NULL: none */
} vae_train_epoch;

/* Each may be NULL. They are called between steps, `remarked` ahead of them too, and should be quick. */
typedef struct vae_train_observer {
    void *context;
    void (*started)(void *context, const vae_train_start *start);
    void (*ticked)(void *context, const vae_train_tick *tick);   /* after every step whose metrics are known */
    void (*logged)(void *context, const vae_metrics_line *line); /* every log interval */
    void (*epoch_ended)(void *context, const vae_train_epoch *epoch);
    void (*remarked)(void *context, const char *text); /* vae_device_remarks; what to warn of */
} vae_train_observer;

/* What a run goes on from. A checkpoint that is missing or damaged is a failure that says what can be done. */
typedef enum vae_resume {
    VAE_RESUME_NONE, /* a new run */
    VAE_RESUME,      /* the last checkpoint; the beginning, where the run was ended before the first */
    VAE_RESUME_LAST, /* the last, even if the best is gone: the best is then taken from there on */
    VAE_RESUME_BEST  /* the best; what came after it is kept beside the new files */
} vae_resume;

typedef struct vae_train_options {
    const char *folder; /* run folder */
    vae_resume resume;
    /* Called before the first step; may be NULL. Until then, while data are read, there is nothing to save, and what
     * ends the process may end it at once. */
    void (*ready)(void);
    const volatile sig_atomic_t *stop; /* may be NULL; nonzero: save a checkpoint and return */
    vae_train_observer observer;
} vae_train_options;

typedef struct vae_train_result {
    int64_t epochs, steps; /* completed */
    bool stopped_early;
    int64_t best_epoch; /* whose parameters are in best.safetensors */
    bool has_test;
    vae_metrics_line test; /* of those parameters */
    double test_loss;      /* the objective's, likewise; NAN without */
    double seconds;        /* of this process, all in all */
    vae_traits traits;     /* of the model */
    vae_input input;       /* of its data */
} vae_train_result;

#endif
