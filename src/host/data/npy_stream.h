/* The header of a .npy array that comes as a stream, from a file of its own or out of an archive. */
#ifndef VAE_DATA_NPY_STREAM_H
#define VAE_DATA_NPY_STREAM_H

#include "core/npy_header.h"
#include "data/format.h"

/* Reads the header, of any array, by numbers->read. */
vae_status vae_npy_stream_open(vae_numbers *numbers, vae_npy_header *header);
/* Prepares `numbers` for it; that it holds numbers of a type which can be the content, in a shape that can be. */
vae_status vae_npy_stream_check(vae_numbers *numbers, const vae_npy_header *header, const vae_request *request);

#endif
