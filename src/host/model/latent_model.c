/* The programs of latent variable models. */
#include "model/latent_model.h"

#include "core/random.h"
#include "model/parts.h"

/* ---- Resolving ---- */

vae_status vae_latent_model_check(const vae_config *config, const vae_objective_info *objective)
{
    const bool needs_density = objective->has_posterior && objective->fits_decoder;
    if (!needs_density || config->model.likelihood != VAE_LIKELIHOOD_MSE) return VAE_OK;
    return vae_config_refuse(config, "model", "likelihood",
                             "mse is not a density, which the objective needs; use gaussian with variance = 0.5, whose "
                             "exponent is the squared error");
}

vae_status vae_latent_model_resolve(const vae_latent_model *model, vae_design *design)
{
    const vae_posterior_family *posterior = model->posterior;
    const int64_t latent = design->config.model.latent.size[0];
    design->traits = (vae_traits){
        .latent = latent,
        .normals = posterior->prior_width ? posterior->prior_width(design) : latent,
        .draws_prior = posterior->prior != NULL,
        .has_posterior = model->objective->has_posterior,
        .fits_decoder = model->objective->fits_decoder,
        .is_weighted = model->objective->is_weighted,
        .summary = model->objective->summary,
    };
    return vae_parts_resolve(design, posterior->width(design));
}

vae_status vae_latent_model_declare(const vae_latent_model *model, const vae_design *design, vae_layout *layout)
{
    VAE_TRY(vae_parts_declare(design, layout));
    if (model->posterior->declare) VAE_TRY(model->posterior->declare(design, layout));
    VAE_TRY(vae_parts_declare_statistics(design, layout));
    if (model->posterior->declare_statistics) VAE_TRY(model->posterior->declare_statistics(design, layout));
    return vae_parts_declare_likelihood(design, layout);
}

/* ---- Programs that see the data set ---- */

typedef struct pass {
    vae_tensor x, posterior;
    vae_objective_inputs inputs;
    vae_objective_outputs outputs;
} pass;

static vae_status draw(const vae_latent_model *model, const vae_design *design, vae_program *program, bool training,
                       pass *p)
{
    const vae_objective_info *objective = model->objective;
    const vae_draw_options options = {
        .samples = p->inputs.samples,
        .stream = training ? VAE_STREAM_POSTERIOR : VAE_STREAM_EVALUATE,
        .training = training,
        .exact_kl = model->exact_kl && !(training && objective->needs_ratio),
        .log_ratio = objective->needs_ratio,
        .path = training && objective->path,
    };
    return model->posterior->draw(design, program, p->posterior, &options, &p->inputs.draw);
}

/* x, z, log p(x|z) and the objective. */
static vae_status build_pass(const vae_latent_model *model, const vae_design *design, vae_program *program,
                             int64_t rows, bool training, pass *p)
{
    vae_objective_inputs *inputs = &p->inputs;
    *p = (pass){.outputs.bound = VAE_NO_TENSOR};
    inputs->batch = rows;
    inputs->config = training ? &design->config : NULL;
    inputs->samples = model->objective->has_posterior ? design->config.train.samples : 1;
    VAE_TRY(vae_parts_gather(design, program, rows, training, &p->x));
    VAE_TRY(vae_parts_encode(design, program, p->x, training, &p->posterior));
    inputs->posterior = p->posterior;
    VAE_TRY(draw(model, design, program, training, p));
    VAE_TRY(vae_parts_log_likelihood(design, program, inputs->draw.z, p->x, training, &inputs->ll));
    return model->objective->build(program, inputs, &p->outputs);
}

/* Sums over the batch; of several samples a row, their means. */
static vae_status build_metrics(vae_program *program, const pass *p)
{
    const vae_objective_inputs *inputs = &p->inputs;
    const double share = 1.0 / (double)inputs->samples;
    const vae_tensor bound = p->outputs.bound;
    VAE_TRY(vae_program_accumulate(program, inputs->ll, VAE_METRIC_RECONSTRUCTION, -share, inputs->batch));
    if (inputs->draw.kl != VAE_NO_TENSOR) {
        VAE_TRY(vae_program_accumulate(program, inputs->draw.kl, VAE_METRIC_KL, 1.0, 0));
    } else if (inputs->draw.log_ratio != VAE_NO_TENSOR) {
        VAE_TRY(vae_program_accumulate(program, inputs->draw.log_ratio, VAE_METRIC_KL, -share, 0));
    }
    return bound == VAE_NO_TENSOR ? VAE_OK : vae_program_accumulate(program, bound, VAE_METRIC_BOUND, -1.0, 0);
}

static vae_status build_train(const vae_latent_model *model, const vae_design *design, vae_program *program,
                              const vae_build *what)
{
    pass p;
    VAE_TRY(build_pass(model, design, program, what->rows, true, &p));
    VAE_TRY(build_metrics(program, &p));
    return vae_parts_train(design, what->part, program, p.outputs.terms, p.outputs.term_count);
}

static vae_status build_code(const vae_latent_model *model, const vae_design *design, vae_program *program,
                             vae_tensor posterior)
{
    vae_tensor code = posterior;
    if (model->posterior->code) VAE_TRY(model->posterior->code(design, program, posterior, &code));
    return vae_program_set_port(program, "code", code);
}

/* What the host reads of each row. */
static vae_status build_rows(vae_program *program, const pass *p)
{
    const vae_objective_inputs *inputs = &p->inputs;
    VAE_TRY(vae_parts_row_mean(program, "ll", inputs->ll, inputs->samples, 1.0));
    if (inputs->draw.kl != VAE_NO_TENSOR) return vae_program_set_port(program, "kl", inputs->draw.kl);
    if (inputs->draw.log_ratio == VAE_NO_TENSOR) return VAE_OK;
    return vae_parts_row_mean(program, "kl", inputs->draw.log_ratio, inputs->samples, -1.0);
}

static vae_status build_evaluate(const vae_latent_model *model, const vae_design *design, vae_program *program,
                                 int64_t rows)
{
    pass p;
    VAE_TRY(build_pass(model, design, program, rows, false, &p));
    VAE_TRY(build_metrics(program, &p));
    VAE_TRY(build_rows(program, &p));
    return build_code(model, design, program, p.posterior);
}

/* ---- Programs that the host feeds ---- */

static vae_status build_bound(const vae_latent_model *model, const vae_design *design, vae_program *program,
                              const vae_build *what)
{
    const vae_draw_options options = {.samples = what->samples, .stream = VAE_STREAM_IMPORTANCE, .log_ratio = true};
    vae_tensor x, posterior, ll, log_weight;
    vae_draw drawn;
    if (!model->objective->has_posterior) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "log P(X) is not defined for an autoencoder: it has no posterior");
    }
    VAE_TRY(vae_parts_input(design, program, what->rows, &x));
    VAE_TRY(vae_parts_encode(design, program, x, false, &posterior));
    VAE_TRY(model->posterior->draw(design, program, posterior, &options, &drawn));
    VAE_TRY(vae_parts_log_likelihood(design, program, drawn.z, x, false, &ll));
    VAE_TRY(vae_program_apply(program, "log_weight", VAE_FUNCTION_ADD, ll, drawn.log_ratio, &log_weight));
    return vae_program_set_port(program, "log_weight", log_weight);
}

static vae_status build_encode(const vae_latent_model *model, const vae_design *design, vae_program *program,
                               int64_t rows)
{
    vae_tensor x, posterior;
    VAE_TRY(vae_parts_input(design, program, rows, &x));
    VAE_TRY(vae_parts_encode(design, program, x, false, &posterior));
    return build_code(model, design, program, posterior);
}

static vae_status build_prior(const vae_latent_model *model, const vae_design *design, vae_program *program,
                              int64_t rows)
{
    vae_tensor normals, z;
    if (!model->posterior->prior) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "the prior is the standard normal, which takes no program");
    }
    VAE_TRY(vae_program_input(program, "normals", vae_shape_matrix(rows, design->traits.normals), &normals));
    VAE_TRY(vae_program_set_port(program, "normals", normals));
    VAE_TRY(model->posterior->prior(design, program, normals, &z));
    return vae_program_set_port(program, "z", z);
}

vae_status vae_latent_model_build(const vae_latent_model *model, const vae_design *design, const vae_build *what,
                                  vae_program *program)
{
    switch (what->role) {
    case VAE_ROLE_TRAIN: return build_train(model, design, program, what);
    case VAE_ROLE_EVALUATE: return build_evaluate(model, design, program, what->rows);
    case VAE_ROLE_BOUND: return build_bound(model, design, program, what);
    case VAE_ROLE_ENCODE: return build_encode(model, design, program, what->rows);
    case VAE_ROLE_DECODE: return vae_parts_build_decode(design, program, what->rows);
    case VAE_ROLE_DRAW: return vae_parts_build_draw(design, program, what->rows);
    case VAE_ROLE_PRIOR: return build_prior(model, design, program, what->rows);
    case VAE_ROLE_NEXT: return vae_error_set(VAE_ERROR_ARGUMENT, "this model gives x as a whole, not step by step");
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "no such role");
}
