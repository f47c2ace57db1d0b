#include "program/likelihood.h"

const char *vae_likelihood_name(vae_likelihood family)
{
    static const char *const names[] = {
#define ROW(NAME, name) #name,
        VAE_LIKELIHOOD_MAP(ROW)
#undef ROW
    };
    return (unsigned)family < VAE_LIKELIHOOD_COUNT ? names[family] : "unknown";
}

int64_t vae_likelihood_width(const vae_likelihood_options *options)
{
    return options->channels;
}
