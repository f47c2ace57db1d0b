/* A run's metrics and pictures as TensorBoard's event files, beside metrics.jsonl and pictures/.
 *
 * A file is a list of records: length (8 bytes), masked CRC-32C of it, an Event (train/event.proto), masked CRC-32C of
 * that; all little-endian. Every process writes a file of its own, whose name sorts after those before it. */
#ifndef VAE_TRAIN_TENSORBOARD_H
#define VAE_TRAIN_TENSORBOARD_H

#include "train/metrics.h"

typedef struct vae_tensorboard vae_tensorboard;

/* Makes the folder and a new file in it. `first_step` is the first that this process will complete: where earlier files
 * tell of it or of later ones, as after a crash, readers are told to forget that. VAE_ERROR_IO. */
vae_status vae_tensorboard_open(const char *folder, int64_t first_step, vae_tensorboard **board);
/* Seconds since 1970: when the events below came about, which may be before they are written. */
double vae_tensorboard_time(void);
/* Scalars "<metric>/<split>", such as "kl/test", of every number that is defined. */
vae_status vae_tensorboard_write_line(vae_tensorboard *board, double time, const vae_metrics_line *line);
/* Those of the epoch's pictures (train/pictures.h) that are in `folder`, as images of their own names. */
vae_status vae_tensorboard_write_pictures(vae_tensorboard *board, double time, const char *folder, vae_kind kind,
                                          int64_t epoch, int64_t step);
/* NULL is allowed. */
void vae_tensorboard_close(vae_tensorboard *board);

#endif
