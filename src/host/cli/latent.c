/* vae-cuda latent: pictures of 2-D latent spaces, one run's or several side by side. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/images.h"
#include "cli/remarks.h"
#include "cli/sequences.h"
#include "core/file.h"
#include "core/normal.h"
#include "data/read.h"
#include "draw/plot.h"
#include "model/runtime.h"

enum { MAX_RUNS = 8, MAX_TITLE = 256 };

/* What is drawn of one run. */
typedef struct run_view {
    int32_t *labels; /* [count], or NULL */
    vae_classes classes;
    const char **class_names; /* [classes.count] */
    float *means;             /* [count, 2] */
    float *manifold;          /* [grid·grid, elements]; NULL of a model whose data are no images */
    vae_traits traits;
    vae_model_shape shape;
    int64_t count;
} run_view;

/* The run's own, or those of --labels: of all images of the part, as their file may be. */
static vae_status find_labels(const vae_cli_options *o, const vae_dataset *dataset, run_view *view)
{
    vae_dataset part = *dataset;
    part.borrowed = true;
    part.remarks = (vae_remarks){0};
    if (o->labels) {
        VAE_TRY(vae_labels_read(o->labels, dataset->count, &part));
        vae_cli_tell_remarks_of(o->labels, &part.remarks);
        view->labels = part.labels;
        view->classes = part.classes;
        return VAE_OK;
    }
    if (!dataset->labels) return VAE_OK;
    const size_t bytes = (size_t)view->count * sizeof *view->labels;
    view->labels = malloc(bytes);
    if (!view->labels) return vae_error_set(VAE_ERROR_MEMORY, "latent: out of memory");
    memcpy(view->labels, dataset->labels, bytes);
    return vae_classes_copy(&dataset->classes, &view->classes);
}

static vae_status list_names(run_view *view)
{
    view->class_names = malloc((size_t)(view->classes.count + 1) * sizeof *view->class_names);
    if (!view->class_names) return vae_error_set(VAE_ERROR_MEMORY, "latent: out of memory");
    for (int64_t i = 0; i < view->classes.count; ++i)
        view->class_names[i] = vae_classes_name(&view->classes, i);
    return VAE_OK;
}

static vae_status encode_part(const vae_cli_options *o, vae_model *model, const vae_dataset *dataset, run_view *view)
{
    view->count = dataset->count < o->limit ? dataset->count : o->limit;
    view->means = calloc((size_t)view->count * 2, sizeof *view->means);
    if (!view->means) return vae_error_set(VAE_ERROR_MEMORY, "latent: out of memory");
    VAE_TRY(find_labels(o, dataset, view));
    VAE_TRY(list_names(view));
    vae_dataset first = *dataset;
    first.count = view->count;
    return vae_cli_encode_all(model, &first, view->means);
}

static vae_status encode_means(const vae_cli_options *o, vae_model *model, run_view *view)
{
    vae_splits splits;
    const vae_dataset *dataset;
    VAE_TRY(vae_cli_splits_open(model, &splits));
    vae_status status = vae_cli_choose_split(model, &splits, o->images.split, &dataset);
    if (!status) status = encode_part(o, model, dataset, view);
    vae_splits_free(&splits);
    return status;
}

/* z = Φ⁻¹(u) at the middles of a grid of cells over the unit square. */
static vae_status decode_manifold(const vae_cli_options *o, vae_model *model, run_view *view)
{
    const int64_t side = o->grid;
    float *codes = calloc((size_t)(side * side) * 2, sizeof *codes);
    view->manifold = calloc((size_t)(side * side * view->shape.elements), sizeof *view->manifold);
    if (!codes || !view->manifold) {
        free(codes);
        return vae_error_set(VAE_ERROR_MEMORY, "latent: out of memory");
    }
    for (int64_t i = 0; i < side * side; ++i) {
        const int64_t row = i / side, column = i % side;
        codes[2 * i] = (float)vae_normal_quantile(((double)column + 0.5) / (double)side);
        codes[2 * i + 1] = (float)vae_normal_quantile(((double)row + 0.5) / (double)side);
    }
    const vae_status status = vae_model_decode(model, codes, side * side, view->manifold);
    free(codes);
    return status;
}

static vae_status view_model(const vae_cli_options *o, const char *run, vae_model *model, run_view *view)
{
    view->shape = vae_model_get_shape(model);
    view->traits = *vae_model_traits(model);
    VAE_TRY(vae_cli_check_codes(model, run));
    if (view->shape.latent != 2) {
        return vae_error_set(VAE_ERROR_SHAPE,
                             "%s: has %" PRId64 " latent dimensions, but only a 2-D space can be drawn", run,
                             view->shape.latent);
    }
    VAE_TRY(encode_means(o, model, view));
    return vae_model_input(model)->dtype == VAE_UINT8 ? decode_manifold(o, model, view) : VAE_OK;
}

static vae_status view_run(const vae_cli_options *o, const char *run, run_view *view)
{
    vae_cli_options of_run = *o;
    of_run.run = run;
    vae_model *model;
    VAE_TRY(vae_cli_open_model(&of_run, &model));
    const vae_status status = view_model(o, run, model, view);
    vae_model_free(model);
    return status;
}

static const char *objective_title(const vae_traits *traits)
{
    return traits->summary ? traits->summary : "reconstruction and KL";
}

/* The objective, and the run's name where the objective does not tell the runs apart. */
static void format_title(const vae_cli_options *o, const run_view *views, int index, char *title, size_t size)
{
    const char *objective = objective_title(&views[index].traits);
    bool alone = true;
    for (int i = 0; i < o->runs.count; ++i)
        alone = alone && (i == index || strcmp(objective_title(&views[i].traits), objective) != 0);
    int length;
    const char *name = vae_path_name(o->runs.values[index], &length);
    if (alone) {
        snprintf(title, size, "%s", objective);
    } else {
        snprintf(title, size, "%.*s: %s", length, name, objective);
    }
}

static bool has_manifold(const run_view *views, int count)
{
    bool all = true;
    for (int i = 0; i < count; ++i)
        all = all && views[i].manifold;
    return all;
}

/* One run: both pictures side by side. Several: a column a run. Codes alone where there are no images to decode. */
static vae_status draw(const vae_cli_options *o, const run_view *views)
{
    vae_panel panels[2 * MAX_RUNS] = {0};
    char titles[MAX_RUNS][MAX_TITLE];
    const int count = o->runs.count;
    for (int i = 0; i < count; ++i) {
        const run_view *view = &views[i];
        format_title(o, views, i, titles[i], sizeof titles[i]);
        panels[i] =
            (vae_panel){.kind = VAE_PANEL_SCATTER,
                        .title = titles[i],
                        .subtitle = !view->traits.has_posterior ? "codes; circles: 1, 2, 3 σ of N(0, I)"
                                    : view->traits.draws_prior  ? "posterior means; circles: 1, 2, 3 σ of N(0, I)"
                                                                : "posterior means; circles: 1, 2, 3 σ of the prior",
                        .scatter = {view->means, view->labels, view->class_names, view->classes.count, view->count, 3}};
        panels[count + i] = (vae_panel){
            .kind = VAE_PANEL_MANIFOLD,
            .title = count == 1 ? "decoded manifold" : titles[i],
            .subtitle = count == 1 ? "z through the inverse normal CDF" : "decoded manifold",
            .manifold = {view->manifold, o->grid, view->shape.height, view->shape.width, view->shape.channels}};
    }
    const int rows = count > 1 && has_manifold(views, count) ? 2 : 1;
    const int columns = count == 1 && has_manifold(views, count) ? 2 : count;
    VAE_TRY(vae_plot_write(o->out, panels, rows, columns));
    char paths[2][VAE_PLOT_PATH_SIZE];
    const int files = vae_plot_paths(o->out, paths);
    for (int i = 0; i < files && !o->quiet; ++i)
        printf("%s\n", paths[i]);
    return VAE_OK;
}

static vae_status run(vae_cli_options *o)
{
    run_view views[MAX_RUNS] = {0};
    if (o->runs.count == 0) return vae_error_set(VAE_ERROR_ARGUMENT, "--run DIR is missing");
    if (o->runs.count > MAX_RUNS) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "--run: at most %d runs fit a figure", MAX_RUNS);
    }
    const vae_cli_file files[] = {{"--out", o->out, VAE_FILE_FIGURE}, {"--labels", o->labels, VAE_FILE_READ}};
    VAE_TRY(vae_cli_check_outputs(o, files, 2));
    vae_status status = VAE_OK;
    for (int i = 0; i < o->runs.count && !status; ++i)
        status = view_run(o, o->runs.values[i], &views[i]);
    if (!status) status = draw(o, views);
    for (int i = 0; i < o->runs.count; ++i) {
        free(views[i].labels);
        free(views[i].class_names);
        vae_classes_free(&views[i].classes);
        free(views[i].means);
        free(views[i].manifold);
    }
    return status;
}

static const vae_cli_pick picks[] = {
    {VAE_OPTION_RUNS, .group = 1},
    {VAE_OPTION_SET, .group = 1, .argument = "data.KEY=VALUE",
     .help = "where the runs' data are now: data.test_data=PATH, and so on"},
    {VAE_OPTION_OUT, .group = 1, .initial = "latent", .argument = "PREFIX",
     .help = "write PREFIX.png and PREFIX.svg (latent unless given); FILE.png or FILE.svg writes that one"},
    {VAE_OPTION_SPLIT, .group = 2},
    {VAE_OPTION_LABELS, .group = 2},
    {VAE_OPTION_LIMIT, .group = 2, .initial = "10000"},
    {VAE_OPTION_GRID, .group = 2, .initial = "20"},
    {VAE_OPTION_DEVICE, .group = 10},
    {VAE_OPTION_THREADS, .group = 10},
    {VAE_OPTION_FORCE, .group = 10},
    {VAE_OPTION_QUIET, .group = 10},
    {VAE_OPTION_END},
};

const vae_command vae_command_latent = {
    .name = "latent",
    .summary = "draw a 2-D latent space",
    .description =
        "Draws the 2-D latent space of a run: posterior means coloured by label, and images decoded over the "
        "standard normal's quantiles. Several runs are drawn side by side, and codes alone where the data of one are "
        "no images.",
    .picks = picks,
    .run = run,
};
