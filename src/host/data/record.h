/* data.json, a run's record of its data: a sample of what they hold, by which they are known again when they have
 * moved, and the folders from which their paths were meant. */
#ifndef VAE_DATA_RECORD_H
#define VAE_DATA_RECORD_H

#include "data/dataset.h"

/* Takes the sample of images as they were read, before anything random is done to them. */
void vae_fingerprint_take(const vae_dataset *dataset, vae_fingerprint *fingerprint);

/* Writes the record of a run in `folder`: the working directory and the configuration's places, each also as the way
 * from the run's folder, so that a project that is moved as a whole is found. A record that says the same stays. */
vae_status vae_record_write(const char *path, const char *folder, const vae_config *config, const vae_splits *splits);
/* Adds the run's folder and those of its record to the configuration's places, and has vae_splits_open() check what it
 * opens against the record. A run without a record, as of earlier versions, or with one that cannot be read has the run
 * folder only. */
void vae_record_use(const char *path, const char *folder, vae_config *config);
/* Compares what was opened with the record that the configuration names; only parts that both have. Where
 * places.check asks for a failure, VAE_ERROR_CONFIG; else, and where there is no record, a note says it. */
vae_status vae_record_check(const vae_config *config, vae_splits *splits);

#endif
