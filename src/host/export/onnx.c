/* What surrounds an exported program: pixels to the encoder's scale, and the decoder's mean back to pixels. */
#include "export/onnx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/utf8.h"
#include "export/emit.h"

/* y = clamp((x - shift)·scale, 0, 1) and x·scale + shift are written in the order in which model/runtime_use.c computes
 * them, with the same float32 constants, so that nothing but the products themselves may round differently. */

/* "x" of the graph, levels in [0, 1] or other numbers as they are, becomes "x" of the program, on the scale that the
 * model was trained on. */
static vae_status begin_encoder(vae_emitter *emitter, const vae_input *input)
{
    const int64_t sizes[] = {input->height, input->width, input->channels};
    const vae_tensor x = vae_program_port(emitter->program, "x");
    const double scale = input->scale * 255.0;
    const char *value = "x", *constant;
    VAE_TRY(vae_graph_input(emitter->graph, "x", sizes, 3));
    if ((float)scale != 1.0f) {
        VAE_TRY(vae_emit_scalar(emitter, "normalise", "/scale", scale, &constant));
        VAE_TRY(vae_emit_simple(emitter, "Mul", "normalise", value, constant, &value));
    }
    if (input->shift != 0.0) {
        VAE_TRY(vae_emit_scalar(emitter, "normalise", "/shift", input->shift, &constant));
        VAE_TRY(vae_emit_simple(emitter, "Add", "normalise", value, constant, &value));
    }
    vae_emit_define(emitter, x, VAE_VIEW_NHWC, value);
    return VAE_OK;
}

/* "x" of the graph, [batch, steps] or [batch, steps, numbers], becomes the program's, step by step; with "lengths". */
static vae_status begin_sequence_encoder(vae_emitter *emitter, const vae_input *input)
{
    const int64_t sizes[] = {input->longest, input->channels}, rows[] = {-1, input->channels};
    const int32_t rank = input->channels > 1 ? 2 : 1;
    const vae_node transpose = {
        .type = "Transpose",
        .name = "steps",
        .inputs = {"x"},
        .attributes = {{.type = VAE_ATTRIBUTE_INTS, .name = "perm", .count = rank + 1, .integers = {1, 0, 2}}}};
    const char *value, *shape;
    VAE_TRY(vae_graph_input(emitter->graph, "x", sizes, rank));
    VAE_TRY(vae_graph_input(emitter->graph, "lengths", NULL, 0));
    VAE_TRY(vae_graph_node(emitter->graph, &transpose, &value));
    VAE_TRY(vae_graph_integers(emitter->graph, "steps", "/rows", rows, 2, &shape));
    VAE_TRY(vae_emit_simple(emitter, "Reshape", "steps", value, shape, &value));
    vae_emit_define(emitter, vae_program_port(emitter->program, "x"), VAE_VIEW_ROWS, value);
    vae_emit_define(emitter, vae_program_port(emitter->program, "lengths"), VAE_VIEW_ROWS, "lengths");
    return VAE_OK;
}

static vae_status end_encoder(vae_emitter *emitter, int64_t latent)
{
    const vae_tensor code = vae_program_port(emitter->program, "code");
    const bool is_point = emitter->program->tensors[code].shape.size[1] == latent;
    const char *value;
    VAE_TRY(vae_emit_use(emitter, code, VAE_VIEW_ROWS, &value));
    if (is_point) {
        const vae_node node = {.type = "Identity", .name = "code", .inputs = {value}, .outputs = {"code"}};
        VAE_TRY(vae_graph_node(emitter->graph, &node, NULL));
        return vae_graph_output(emitter->graph, "code", &latent, 1);
    }
    const vae_node node = {
        .type = "Split",
        .name = "code",
        .inputs = {value},
        .outputs = {"mean", "log_variance"},
        .attributes = {{.type = VAE_ATTRIBUTE_INT, .name = "axis", .integers = {1}}},
    };
    VAE_TRY(vae_graph_node(emitter->graph, &node, NULL));
    VAE_TRY(vae_graph_output(emitter->graph, "mean", &latent, 1));
    return vae_graph_output(emitter->graph, "log_variance", &latent, 1);
}

static vae_status begin_decoder(vae_emitter *emitter, int64_t latent)
{
    VAE_TRY(vae_graph_input(emitter->graph, "z", &latent, 1));
    vae_emit_define(emitter, vae_program_port(emitter->program, "z"), VAE_VIEW_ROWS, "z");
    return VAE_OK;
}

/* "mean" of the program goes back to the data's own scale: of levels [0, 1]. */
static vae_status end_decoder(vae_emitter *emitter, const vae_input *input)
{
    const int64_t sizes[] = {input->height, input->width, input->channels};
    const vae_tensor mean = vae_program_port(emitter->program, "mean");
    const double scale = 1.0 / (input->scale * 255.0);
    const char *value, *constant, *zero, *one;
    if (emitter->program->tensors[mean].shape.rank == 4) {
        VAE_TRY(vae_emit_use(emitter, mean, VAE_VIEW_NHWC, &value));
    } else {
        VAE_TRY(vae_emit_use(emitter, mean, VAE_VIEW_ROWS, &value));
        VAE_TRY(vae_emit_reshape(emitter, "mean", value, sizes, 3, &value));
    }
    if (input->shift != 0.0) {
        VAE_TRY(vae_emit_scalar(emitter, "unnormalise", "/shift", input->shift, &constant));
        VAE_TRY(vae_emit_simple(emitter, "Sub", "unnormalise", value, constant, &value));
    }
    if ((float)scale != 1.0f) {
        VAE_TRY(vae_emit_scalar(emitter, "unnormalise", "/scale", scale, &constant));
        VAE_TRY(vae_emit_simple(emitter, "Mul", "unnormalise", value, constant, &value));
    }
    if (input->dtype == VAE_FLOAT32) {
        const vae_node node = {.type = "Identity", .name = "unnormalise", .inputs = {value}, .outputs = {"image"}};
        VAE_TRY(vae_graph_node(emitter->graph, &node, NULL));
        return vae_graph_output(emitter->graph, "image", sizes, 3);
    }
    VAE_TRY(vae_emit_scalar(emitter, "unnormalise", "/zero", 0.0, &zero));
    VAE_TRY(vae_emit_scalar(emitter, "unnormalise", "/one", 1.0, &one));
    const vae_node clip = {.type = "Clip", .name = "unnormalise", .inputs = {value, zero, one}, .outputs = {"image"}};
    VAE_TRY(vae_graph_node(emitter->graph, &clip, NULL));
    return vae_graph_output(emitter->graph, "image", sizes, 3);
}

static vae_status emit_part(vae_emitter *emitter, const vae_checkpoint *checkpoint, vae_onnx_part part)
{
    const int64_t latent = checkpoint->design.traits.latent;
    if (part == VAE_ONNX_ENCODER) {
        const vae_input *input = &checkpoint->design.input;
        VAE_TRY((input->longest > 0 ? begin_sequence_encoder : begin_encoder)(emitter, input));
        VAE_TRY(vae_emit_program(emitter));
        return end_encoder(emitter, latent);
    }
    VAE_TRY(begin_decoder(emitter, latent));
    VAE_TRY(vae_emit_program(emitter));
    return end_decoder(emitter, &checkpoint->design.input);
}

static vae_status write_part(vae_emitter *emitter, const vae_checkpoint *checkpoint, vae_onnx_part part,
                             const char *name, const char *path)
{
    char shown[300], doc_string[512];
    const vae_graph_description description = {.doc_string = doc_string, .model_version = checkpoint->progress.step};
    vae_utf8_show(name, shown, sizeof shown);
    snprintf(doc_string, sizeof doc_string, "%s of %s, epoch %" PRId64 ", step %" PRId64,
             part == VAE_ONNX_ENCODER ? "encoder" : "decoder", shown, checkpoint->progress.epoch,
             checkpoint->progress.step);
    VAE_TRY(emit_part(emitter, checkpoint, part));
    return vae_graph_write(emitter->graph, &description, path);
}

static vae_status write_program(const vae_program *program, const vae_checkpoint *checkpoint, vae_onnx_part part,
                                const char *name, const char *path)
{
    vae_emitter emitter = {
        .program = program,
        .parameters = checkpoint->arenas[VAE_ARENA_PARAMETERS],
        .dtype = checkpoint->dtype,
        .values = calloc((size_t)program->tensor_count, sizeof *emitter.values),
    };
    vae_status status = emitter.values ? vae_graph_create(program->name, &emitter.graph)
                                       : vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", path);
    if (!status) status = write_part(&emitter, checkpoint, part, name, path);
    vae_graph_free(emitter.graph);
    free(emitter.values);
    return status;
}

vae_status vae_onnx_check(const vae_checkpoint *checkpoint, vae_onnx_part part)
{
    const vae_design *design = &checkpoint->design;
    if (design->input.longest == 0) return VAE_OK;
    if (part == VAE_ONNX_DECODER) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "ONNX export: a decoder of sequences chooses each step by the one before, which no one "
                             "graph does; the encoder can be exported%s",
                             design->traits.has_posterior ? " (--part encoder)" : ", but this model has none");
    }
    if (design->traits.has_posterior) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "ONNX export: this model is a decoder only and has no encoder");
}

vae_status vae_onnx_write(const vae_checkpoint *checkpoint, vae_onnx_part part, const char *name, const char *path)
{
    vae_program program;
    /* The batch is free in the graph; the program needs one. */
    const vae_role role = part == VAE_ONNX_ENCODER ? VAE_ROLE_ENCODE : VAE_ROLE_DECODE;
    VAE_TRY(vae_onnx_check(checkpoint, part));
    const vae_build build = {.role = role, .rows = 1, .steps = checkpoint->design.input.longest};
    VAE_TRY(vae_design_build(&checkpoint->design, build, &program));
    const vae_status status = write_program(&program, checkpoint, part, name, path);
    vae_program_free(&program);
    return status;
}
