/* What a training run holds; shared by the files of the trainer only. */
#ifndef VAE_TRAIN_TRAINER_STATE_H
#define VAE_TRAIN_TRAINER_STATE_H

#include "data/prefetch.h"
#include "model/checkpoint.h"
#include "train/batches.h"
#include "train/observer.h"
#include "train/pictures.h"
#include "train/run_folder.h"
#include "train/writer.h"

/* Training images seen and the seconds they took. */
typedef struct vae_rate {
    int64_t rows;
    double seconds;
} vae_rate;

/* Of passes whose programs are not made yet; empty from then on. */
typedef struct vae_trainer_plans {
    vae_batch_plan train, validation, test;
} vae_trainer_plans;

typedef struct vae_trainer {
    const vae_train_options *options;
    vae_splits splits;
    vae_device *device;
    json_t *remarks; /* [text]: what the device told */
    vae_store *store;
    vae_checkpoint state; /* design and progress; no arenas: the writer has copies */
    vae_instance model;
    vae_trainer_plans plans;
    vae_batches train, validation, test; /* zeroed where the split is empty; test is made when it is needed first */
    vae_batches encoder, decoder;        /* the batches of `train` for one of the two alone; zeroed where both are
                                          * trained at once from the beginning */
    vae_prefetch *prefetch;              /* of the training images; NULL where they are in memory */
    vae_prefetch *encoder_prefetch;      /* of the updates of the encoder alone, likewise */
    vae_pictures *pictures;              /* made when they are needed first */
    char *sample;                        /* of the epoch's texts, one; NULL: none; owned */
    vae_writer *writer;
    vae_latent_statistics latent;    /* of the newest evaluation */
    vae_posterior_sample posteriors; /* likewise */
    int64_t steps_per_epoch;
    int64_t resumed_step; /* of the checkpoint that the run goes on from, -1: there is none */
    int64_t unread_steps; /* run since metrics were last taken */
    int64_t unread_rows;
    double mark;                                  /* when the time of the running step or steps began */
    vae_rate run_rate, epoch_rate, interval_rate; /* of this process */
    vae_run_folder folder;
    bool save_first, save_best_first; /* see vae_resume_point */
    bool collapse_told;
} vae_trainer;

/* Opens data, device and folder; makes the programs; initialises or resumes. On failure vae_trainer_close() is due as
 * well. */
vae_status vae_trainer_open(vae_trainer *trainer, const vae_config *config, const vae_train_options *options);
void vae_trainer_close(vae_trainer *trainer);

/* The split evaluated after each epoch and its name; NULL where the data has neither. */
const vae_dataset *vae_trainer_held_out(const vae_trainer *trainer, const char **split);
/* Makes the evaluation of a split, which must not be empty; that of the test split once. */
vae_status vae_trainer_evaluate_validation(vae_trainer *trainer);
vae_status vae_trainer_evaluate_test(vae_trainer *trainer);

/* The step of this number, in the epoch that the run is in. */
vae_step vae_trainer_step(const vae_trainer *trainer, int64_t step);
/* The batch of the epoch that comes next. */
int64_t vae_trainer_position(const vae_trainer *trainer);

/* Makes what train.encoder_updates needs, after the programs of `train`. VAE_ERROR_CONFIG without validation data. */
vae_status vae_trainer_open_encoder(vae_trainer *trainer);
/* Whether the encoder is updated by itself ahead of each step, which then updates the decoder alone. */
bool vae_trainer_updates_encoder(const vae_trainer *trainer);
/* What a step runs. */
const vae_batches *vae_trainer_batches(const vae_trainer *trainer);
/* The updates ahead of the step that comes next: until ten of them no longer have a lower mean loss than the ten
 * before, or there were train.encoder_updates. */
vae_status vae_trainer_update_encoder(vae_trainer *trainer);
/* Takes the mutual information, in nats, after the epoch that was completed. Where it is below that of the epoch
 * before, the encoder's updates are over, and that one's is given; else NAN. */
double vae_trainer_judge_encoder(vae_trainer *trainer, double information);

/* The number of this epoch or step is one of those at an interval; none is where that is 0. */
bool vae_trainer_every(int64_t interval, int64_t number);
/* All epochs are done, or early stopping has struck, maybe in the process that this one resumes. */
bool vae_trainer_is_over(const vae_trainer *trainer);

/* Hands a checkpoint of the present state to the writer; what that may leave out is left out. */
vae_status vae_trainer_save(vae_trainer *trainer, vae_snapshot_kind kind);
/* Saves and gives VAE_ERROR_INTERRUPTED when that is on disk. */
vae_status vae_trainer_interrupt(vae_trainer *trainer);
/* The epoch's pictures, where they are due; those that a killed run owes; the KL of each dimension, as the newest
 * evaluation found it. */
vae_status vae_trainer_draw_pictures(vae_trainer *trainer);
vae_status vae_trainer_draw_lost_pictures(vae_trainer *trainer);
vae_status vae_trainer_draw_latent(vae_trainer *trainer, const char *split);
/* Waits until all is written, whatever `status` the training ended with; gives that, or what failed in writing, and
 * adds to a NaN's message what there is to go back to. */
vae_status vae_trainer_settle(vae_trainer *trainer, vae_status status);

/* NAN where no time has passed. */
double vae_rate_per_second(vae_rate rate);
/* A line of means for sums over a split; what only training has is NAN. */
vae_metrics_line vae_trainer_line(const vae_trainer *trainer, const char *split, const double sums[VAE_METRIC_COUNT]);
/* The same with what the last step trained by. */
vae_metrics_line vae_trainer_train_line(const vae_trainer *trainer, const char *split,
                                        const double sums[VAE_METRIC_COUNT], vae_rate rate);
/* Writes the line of the interval, tells it, and begins the next. */
vae_status vae_trainer_log_interval(vae_trainer *trainer);

/* The observer's other events; nothing where it is not interested. */
void vae_trainer_tell_start(const vae_trainer *trainer);
void vae_trainer_tell_tick(const vae_trainer *trainer);
void vae_trainer_tell_epoch(const vae_trainer *trainer, const vae_train_epoch *epoch);

#endif
