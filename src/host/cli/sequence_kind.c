/* The kinds of sequences. */
#include "cli/sequence_kind.h"

const vae_sequence_kind *vae_sequence_kind_of(vae_kind kind)
{
    static const vae_sequence_kind *const kinds[] = {[VAE_KIND_TEXT] = &vae_sequence_kind_text,
                                                     [VAE_KIND_DRAWING] = &vae_sequence_kind_drawing,
                                                     [VAE_KIND_MUSIC] = &vae_sequence_kind_music};
    return kinds[kind];
}
