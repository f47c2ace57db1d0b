/* The library's version at run time, which may differ from that of the header a program was compiled with. */
#include <vae/vae.h>

const char *vae_version(void)
{
    return VAE_VERSION;
}
