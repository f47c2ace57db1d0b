/* Excerpts of as many steps each, cut out of a piece of music: of every melody, or of the drums, at each bar
 * (data/music_lines.h has what these are).
 *
 * An excerpt lies within one metre, something begins in it, and no bar of it is silent; bars are of four quarters, from
 * the excerpt's begin on. A note that sounds where an excerpt begins begins there. */
#ifndef VAE_DATA_EXCERPTS_H
#define VAE_DATA_EXCERPTS_H

#include "data/midi.h"
#include "data/remarks.h"
#include "data/sequence_options.h"

typedef struct vae_excerpts vae_excerpts;

/* Steps of an excerpt. */
int64_t vae_excerpt_steps(const vae_music_options *options);

/* The piece and the rest are borrowed. What is left out is added to the remarks; `name` stands in their details.
 * VAE_ERROR_MEMORY; *excerpts is then NULL. */
vae_status vae_excerpts_open(const vae_midi *midi, const char *name, const vae_music_options *options,
                             vae_remarks *remarks, vae_excerpts **excerpts);
/* tokens [vae_excerpt_steps()] of the next one; false behind the last. */
bool vae_excerpts_next(vae_excerpts *excerpts, int32_t *tokens);
/* NULL is allowed. */
void vae_excerpts_close(vae_excerpts *excerpts);

#endif
