#include <vae/vae.h>

const char *vae_version(void)
{
    return VAE_VERSION;
}
