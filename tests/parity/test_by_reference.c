/* Ops without a kernel of their own on the CPU, which run the reference's: kernels are taken away, and results stay.
 * That the configurations which come along need no such op. */
#include <glob.h>

#include "backend/cpu/device.h"
#include "compare.h"
#include "config/family_keys.h"
#include "model/family_vae.h"
#include "training.h"

/* The CPU without its kernels of one kind, or of every kind but `adam`, which has no other. */
enum { EVERY_KIND = VAE_OP_COUNT };
static int removed = EVERY_KIND;

static vae_status open_without(const vae_device_options *options, vae_device **device)
{
    VAE_TRY(vae_backend_cpu.device_open(options, device));
    const vae_kernel **kernels = ((vae_cpu_device *)*device)->kernels;
    for (int k = 0; k < VAE_OP_COUNT; ++k) {
        if (k != VAE_OP_ADAM && (removed == EVERY_KIND || removed == k)) kernels[k] = &vae_cpu_by_reference;
    }
    return VAE_OK;
}

static vae_backend backend_without(int kind)
{
    vae_backend backend = vae_backend_cpu;
    backend.device_open = open_without;
    removed = kind;
    return backend;
}

static bool has_op(const vae_program *program, int kind)
{
    for (int32_t i = 0; i < program->op_count; ++i) {
        if ((int)program->ops[i].kind == kind) return true;
    }
    return false;
}

static int checked[VAE_OP_COUNT];

static void check_without(op_program *p, int kind)
{
    const vae_backend without = backend_without(kind);
    op_run reference, tested;
    open_run(&vae_backend_reference, 1, p, &reference);
    open_run(&without, 1, p, &tested);
    compare_runs(p, &reference, &tested, fp32_tolerance);
    close_run(&tested);
    close_run(&reference);
    checked[kind]++;
}

Test(by_reference, every_case_without_one_kernel)
{
    for (int i = 0; i < OP_CASE_COUNT; ++i) {
        const op_case *c = &op_cases[i];
        op_program p;
        if (c->out > 100 || c->rows * c->height * c->in > 5000) continue; /* the reference takes long for these */
        build_case(c, &p);
        for (int kind = 0; kind < VAE_OP_COUNT; ++kind) {
            if (has_op(&p.program, kind)) check_without(&p, kind);
        }
        free_case(&p);
    }
    cr_assert_gt(checked[VAE_OP_DENSE_BACKWARD], 20);
    cr_assert_gt(checked[VAE_OP_GAUSSIAN_SAMPLE_KL_BACKWARD], 3);
}

static void compare_gradients(const training *a, const training *b)
{
    const size_t elements = (size_t)a->design.layout.elements;
    double *expected = calloc(elements, sizeof *expected), *found = calloc(elements, sizeof *found);
    MUST(vae_backend_cpu.store_read(a->store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, expected));
    MUST(vae_backend_cpu.store_read(b->store, VAE_ARENA_GRADIENTS, VAE_FLOAT64, found));
    compare_at(0.0, "training", "gradients", expected, found, a->design.layout.elements, 1e-5);
    free(expected);
    free(found);
}

/* Everything that a training has, in place and not, with statistics and running sums. */
Test(by_reference, a_training_without_kernels)
{
    const vae_device_options options = {.threads = 2, .precision = VAE_PRECISION_FP32};
    const vae_backend without = backend_without(EVERY_KIND);
    vae_config config = small_config();
    training native, borrowed;
    MUST(vae_config_set(&config, "model.layers=conv 4 k4 s2 batch_norm, residual, dropout 0.2, dense 9 layer_norm"));
    MUST(vae_config_set(&config, "model.decoder_layers=dense 3x3x4, upsample 2, deconv 3 k3 s1 p1, conv 1 k3"));
    MUST(vae_config_set(&config, "model.activation=silu"));
    MUST(vae_config_set(&config, "model.likelihood=gaussian_shared"));
    MUST(vae_config_set(&config, "data.flip=horizontal"));
    open_training(&vae_backend_cpu, &options, &config, &native);
    open_training(&without, &options, &config, &borrowed);
    for (int s = 0; s < 6; ++s) {
        const double expected = run_step(&native, s), found = run_step(&borrowed, s);
        cr_assert_float_eq(found, expected, 1e-4 * fabs(expected), "step %d: %.9g, not %.9g", s, found, expected);
        if (s == 0) compare_gradients(&native, &borrowed);
    }
    close_training(&native);
    close_training(&borrowed);
}

static void expect_own_kernels(const char *path, const vae_program *program)
{
    for (int32_t i = 0; i < program->op_count; ++i) {
        cr_assert(vae_backend_cpu.has_kernel(program->ops[i].kind), "%s, %s: op %s has no kernel of its own", path,
                  program->name, vae_op_kind_name(program->ops[i].kind));
    }
}

/* What the data of a configuration are like: of its family's kind. */
static vae_input input_of(const vae_config *config)
{
    const vae_kind kind = vae_family_keys_of(config->model.family)->kind;
    if (kind == VAE_KIND_IMAGE) {
        return (vae_input){.height = 64, .width = 64, .channels = 3, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};
    }
    const vae_sequence_shape *shape = vae_sequence_shape_of(kind);
    return (vae_input){.height = 1,
                       .width = 1,
                       .channels = shape->elements,
                       .scale = 1.0 / 255.0,
                       .dtype = shape->dtype,
                       .kind = kind,
                       .longest = 33, /* of which a conductor's segments of 16 steps are a whole number */
                       .vocabulary = shape->dtype == VAE_INT32 ? 30 : 0};
}

/* An image is decoded as a whole, a sequence step by step. */
static bool has_role(const vae_design *design, vae_role role)
{
    const bool steps = design->input.kind != VAE_KIND_IMAGE;
    if (role == VAE_ROLE_BOUND) return design->traits.has_posterior;
    if (role == VAE_ROLE_ENCODE) return design->traits.has_posterior || !steps;
    return role == VAE_ROLE_DECODE ? !steps : role == VAE_ROLE_NEXT ? steps : role <= VAE_ROLE_EVALUATE;
}

static void check_configuration(const char *path)
{
    vae_config config;
    vae_design design;
    vae_config_defaults(&config);
    MUST(vae_config_load(&config, path));
    const vae_input input = input_of(&config);
    MUST(vae_design_create(&config, &input, &design));
    for (int role = VAE_ROLE_TRAIN; role <= VAE_ROLE_NEXT; ++role) {
        const vae_build build = {.role = (vae_role)role, .rows = 8, .samples = 3, .steps = 33, .count = 8};
        vae_program program;
        if (!has_role(&design, build.role)) continue;
        MUST(vae_design_build(&design, build, &program));
        expect_own_kernels(path, &program);
        vae_program_free(&program);
    }
    vae_design_free(&design);
}

Test(by_reference, no_configuration_that_comes_along_needs_it)
{
    glob_t configs;
    cr_assert_eq(glob("configs/*.ini", 0, NULL, &configs), 0, "no configurations in configs/");
    for (size_t i = 0; i < configs.gl_pathc; ++i)
        check_configuration(configs.gl_pathv[i]);
    globfree(&configs);
}
