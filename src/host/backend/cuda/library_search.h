/* Where a machine keeps CUDA's shared libraries. It knows no CUDA, so every build tests it. */
#ifndef VAE_BACKEND_CUDA_LIBRARY_SEARCH_H
#define VAE_BACKEND_CUDA_LIBRARY_SEARCH_H

#include <vae/status.h>

/* Opens the first that is found of the libraries `names`, {"libcublasLt.so.13", NULL} say: each from LD_LIBRARY_PATH
 * and the system's folders, then below CUDA_HOME and CUDA_PATH, in build_folder (the toolkit's that the program was
 * built with; "" for none), where toolkits are usually installed, and in the Python packages of VIRTUAL_ENV,
 * CONDA_PREFIX, every python3 in PATH and ~/.local. *library is the caller's, for dlclose(), after which the process
 * keeps the library for the next opening. VAE_ERROR_DEVICE lists where it looked. */
vae_status vae_cuda_library_open(const char *const *names, const char *build_folder, void **library);

#endif
