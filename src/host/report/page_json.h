/* A run as the JSON that a page's scripts read (page/data.js); pictures and weights are embedded beside it. */
#ifndef VAE_REPORT_PAGE_JSON_H
#define VAE_REPORT_PAGE_JSON_H

#include "report/page_run.h"

/* {"name", "folder", "checkpoint", "images": {"height", "width", "channels", "scale", "shift", "numbers"}, "latent",
 * "parameters", "epoch", "step", "train_images", "config": [[section, key, value]], "metrics": {split: {"count",
 * column…}}, "pictures": [{"epoch", "samples", "reconstructions"}], "pictures_found", "listing", "classes": [name],
 * "machine", "columns"}. A column is {"constant": number}, or {"f32": base64} or {"f64": base64} of little-endian
 * numbers, NaN for null; one without any number is left out. `kl_per_dimension` is {"dimensions", "rows": column,
 * "f32": base64 [rows, dimensions]}. NULL without memory. */
json_t *vae_page_run_json(const vae_page_run *run);

/* Every metric: [[name, title, unit]]. */
json_t *vae_page_fields_json(void);

#endif
