/* machine.json: where a run was trained, for who reads its speeds later. */
#ifndef VAE_TRAIN_MACHINE_H
#define VAE_TRAIN_MACHINE_H

#include "backend/backend.h"

/* Writes {"program", "device", "processor", "processors", "memory_bytes", "system"}; a resumed run replaces it. */
vae_status vae_machine_write(const char *path, vae_device *device);

#endif
