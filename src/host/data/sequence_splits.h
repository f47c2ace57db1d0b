/* The parts of a run's data where they are sequences. */
#ifndef VAE_DATA_SEQUENCE_SPLITS_H
#define VAE_DATA_SEQUENCE_SPLITS_H

#include "data/sequence_options.h"

/* As vae_splits_open_known(), of which it is the side of sequences. The vocabulary of a text is that of its training
 * part, counted with what is held out of it; validation and test data of their own are read by it. Where the
 * configuration names none, and the training file has parts of these names, as sketch-rnn's NPZ files have, they are
 * taken, and a note says so. Of drawings splits->scale divides offsets by their deviation in the training part. */
vae_status vae_sequence_splits_open(const vae_config *config, const vae_classes *vocabulary, vae_splits *splits);

/* How the configuration has sequences of a part read, "train", "validation" or "test"; known: the vocabulary of a text,
 * NULL where it is to be built. */
vae_sequence_options vae_sequence_options_of(const vae_config *config, const char *part, const vae_classes *known);

/* Steps of the training data as they were read: with those of a validation part that is held out of them. */
int64_t vae_sequence_splits_steps(const vae_splits *splits);

#endif
