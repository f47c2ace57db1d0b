/* Pictures of models of sequences in training: what there is, what it is freed with, and models that diverge. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "data/vocabulary.h"
#include "train/pictures.h"

#define MUST(call) cr_assert_eq(call, VAE_OK, "%s", vae_error_message())

enum { ITEMS = 3, ROWS = 4, ELEMENTS = 5 };

/* Three drawings of two strokes. */
static float strokes[ITEMS][ROWS][ELEMENTS] = {{{0, 0, 1, 0, 0}, {1, 0, 1, 0, 0}, {0, 1, 0, 1, 0}, {0, 0, 0, 0, 1}},
                                               {{0, 0, 1, 0, 0}, {0, 1, 1, 0, 0}, {1, 0, 0, 1, 0}, {0, 0, 0, 0, 1}},
                                               {{0, 0, 1, 0, 0}, {1, 1, 1, 0, 0}, {1, 0, 0, 1, 0}, {0, 0, 0, 0, 1}}};
static int64_t offsets[ITEMS + 1] = {0, ROWS, 2 * ROWS, 3 * ROWS};

typedef struct setting {
    vae_design design;
    vae_device *device;
    vae_instance model;
    vae_splits splits;
} setting;

static void set_parameters(setting *s, double factor, const char *constant, double value)
{
    double *values = calloc((size_t)s->design.layout.elements, sizeof *values);
    vae_layout_initialise(&s->design.layout, 1, values);
    for (int64_t i = 0; i < s->design.layout.elements; ++i)
        values[i] *= factor;
    const int32_t index = constant ? vae_layout_find(&s->design.layout, constant) : -1;
    cr_assert(!constant || index >= 0, "no parameter %s", constant);
    if (constant) {
        const vae_parameter *parameter = &s->design.layout.parameters[index];
        for (int64_t i = 0; i < vae_shape_elements(&parameter->shape); ++i)
            values[parameter->offset + i] = value;
    }
    MUST(s->device->backend->store_write(s->model.store, VAE_ARENA_PARAMETERS, VAE_FLOAT64, values));
    free(values);
}

static void open_setting(setting *s, bool decoder_only)
{
    const vae_input input = {.height = 1,
                             .width = 1,
                             .channels = ELEMENTS,
                             .scale = 1.0 / 255.0,
                             .dtype = VAE_FLOAT32,
                             .kind = VAE_KIND_DRAWING,
                             .longest = 12};
    const char *const keys[] = {"model.family=sketch_rnn", "model.encoder_units=4", "model.decoder_units=5",
                                "model.components=2", "model.latent=2"};
    const vae_device_options options = {.threads = 1};
    vae_config config;
    memset(s, 0, sizeof *s);
    vae_config_defaults(&config);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i)
        MUST(vae_config_set(&config, keys[i]));
    if (decoder_only) MUST(vae_config_set(&config, "model.decoder_only=yes"));
    MUST(vae_design_create(&config, &input, &s->design));
    MUST(vae_backend_cpu.device_open(&options, &s->device));
    s->model = (vae_instance){.design = &s->design, .device = s->device};
    MUST(vae_backend_cpu.store_create(s->device, &s->design.layout, true, &s->model.store));
    s->splits.train = (vae_dataset){.kind = VAE_KIND_DRAWING,
                                    .values = (uint8_t *)strokes,
                                    .dtype = VAE_FLOAT32,
                                    .offsets = offsets,
                                    .count = ITEMS,
                                    .height = 1,
                                    .width = 1,
                                    .channels = ELEMENTS};
}

static void close_setting(setting *s)
{
    vae_backend_cpu.store_destroy(s->model.store);
    vae_backend_cpu.device_close(s->device);
    vae_design_free(&s->design);
}

static void draw(const setting *s, vae_picture drawn[VAE_PICTURE_KINDS])
{
    vae_pictures *pictures;
    MUST(vae_pictures_create(&s->model, &s->splits, &pictures));
    MUST(vae_pictures_draw(pictures, 7, drawn));
    vae_pictures_destroy(pictures);
}

static void free_drawn(vae_picture drawn[VAE_PICTURE_KINDS])
{
    for (int i = 0; i < VAE_PICTURE_KINDS; ++i)
        vae_picture_free(&drawn[i]);
}

Test(training_pictures, rows_of_originals_stand_above_rows_of_reconstructions)
{
    setting s;
    vae_picture drawn[VAE_PICTURE_KINDS];
    open_setting(&s, false);
    set_parameters(&s, 1.0, NULL, 0.0);
    draw(&s, drawn);
    cr_expect_str_eq(drawn[0].what, "samples");
    cr_expect_eq(drawn[0].drawings.items.count, 32);
    cr_expect_not(drawn[0].drawings.pairs);
    cr_expect_str_eq(drawn[1].what, "reconstructions");
    cr_expect_str_eq(vae_pictures_last(&s.design), "reconstructions");
    cr_expect(drawn[1].drawings.pairs);
    cr_expect_eq(drawn[1].drawings.columns, ITEMS);
    cr_assert_eq(drawn[1].drawings.items.count, 2 * ITEMS);
    cr_expect_arr_eq(drawn[1].drawings.items.values, strokes, sizeof strokes);
    free_drawn(drawn);
    close_setting(&s);
}

Test(training_pictures, of_a_decoder_only_are_samples)
{
    setting s;
    vae_picture drawn[VAE_PICTURE_KINDS];
    open_setting(&s, true);
    set_parameters(&s, 1.0, NULL, 0.0);
    draw(&s, drawn);
    cr_expect_eq(drawn[0].drawings.items.count, 32);
    cr_expect_not(vae_picture_is_there(&drawn[1]));
    cr_expect_str_eq(vae_pictures_last(&s.design), "samples");
    free_drawn(drawn);
    close_setting(&s);
}

/* A training that diverges ends by its loss, which names the step; its pictures must not end it before. */
Test(training_pictures, of_numbers_without_bounds_there_are_none)
{
    static const struct {
        double factor, bias;
    } cases[] = {{INFINITY, 0.0}, {1.0, 200.0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        setting s;
        vae_picture drawn[VAE_PICTURE_KINDS];
        open_setting(&s, false);
        set_parameters(&s, cases[i].factor, "output.bias", cases[i].bias);
        draw(&s, drawn);
        for (int k = 0; k < VAE_PICTURE_KINDS; ++k)
            cr_expect_not(vae_picture_is_there(&drawn[k]), "case %zu, %s", i, drawn[k].what);
        close_setting(&s);
    }
}
