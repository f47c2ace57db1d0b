/* machine.json: where a run was trained, for whoever reads its speeds later. */
#ifndef VAE_TRAIN_MACHINE_H
#define VAE_TRAIN_MACHINE_H

#include <jansson.h>

#include "backend/backend.h"

/* Writes {"program", "device", "remarks", "processor", "processors", "memory_bytes", "system"}; a resumed run replaces
 * it. remarks: [text], what the device has reported so far. */
vae_status vae_machine_write(const char *path, vae_device *device, json_t *remarks);

#endif
