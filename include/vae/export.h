/* VAE_API marks what the shared library exports; everything else is hidden. */
#ifndef VAE_EXPORT_H
#define VAE_EXPORT_H

#if defined(__GNUC__)
#define VAE_API __attribute__((visibility("default")))
#else
#define VAE_API
#endif

#endif
