/* How a training shows itself: a bar on a terminal, plain lines elsewhere, or nothing. */
#ifndef VAE_CLI_PROGRESS_H
#define VAE_CLI_PROGRESS_H

#include "cli/kind_words.h"
#include "train/trainer.h"

typedef enum vae_progress_mode { VAE_PROGRESS_QUIET, VAE_PROGRESS_LINES, VAE_PROGRESS_BAR } vae_progress_mode;

typedef struct vae_progress_view {
    vae_progress_mode mode;
    double shown; /* when the bar was last drawn, or a line printed */
    bool bar_drawn;
    bool has_kl; /* false for an autoencoder */
    const vae_kind_words *words;
} vae_progress_view;

/* A bar if standard output is a terminal that can be drawn on. */
vae_progress_view vae_progress_make(bool quiet);
/* Tells a trainer to show itself in `view`. */
vae_train_observer vae_progress_observe(vae_progress_view *view);
/* Takes the bar away; due before anything else is printed, errors too. */
void vae_progress_clear(vae_progress_view *view);

/* "105.52 (reconstruction 80.40, KL 25.12)", of texts with the perplexity, or "reconstruction 80.40" for an
 * autoencoder. Returns text. */
const char *vae_progress_losses(const vae_metrics_line *line, char *text, size_t size);

#endif
