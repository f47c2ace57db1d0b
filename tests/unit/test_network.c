/* Networks: what a list of layers means, how a decoder mirrors it, and what does not fit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/network.h"

static const vae_input digits = {.height = 28, .width = 28, .channels = 1, .scale = 1.0 / 255.0, .dtype = VAE_UINT8};

static vae_config config_of(const char *layers, const char *decoder)
{
    vae_config config;
    vae_config_defaults(&config);
    cr_assert_eq(vae_layers_parse(layers, &config.model.encoder), VAE_OK, "%s", vae_error_message());
    config.model.decoder.set = decoder != NULL;
    if (decoder)
        cr_assert_eq(vae_layers_parse(decoder, &config.model.decoder.layers), VAE_OK, "%s", vae_error_message());
    return config;
}

/* "encoder.0 [1, 14, 14, 32]; …" */
static const char *shapes(const vae_network *network)
{
    static char text[2048];
    size_t used = 0;
    text[0] = '\0';
    for (int32_t i = 0; i < network->count; ++i) {
        char shape[96];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s", i ? "; " : "", network->layers[i].name,
                                 vae_shape_format(&network->layers[i].output, shape, sizeof shape));
    }
    return text;
}

static void expect(const char *layers, const char *decoder, const char *encoder_shapes, const char *decoder_shapes)
{
    const vae_config config = config_of(layers, decoder);
    vae_network network;
    cr_assert_eq(vae_network_encoder(&config, &digits, 40, &network), VAE_OK, "%s", vae_error_message());
    cr_expect_str_eq(shapes(&network), encoder_shapes);
    cr_assert_eq(vae_network_decoder(&config, &digits, 2, &network), VAE_OK, "%s", vae_error_message());
    cr_expect_str_eq(shapes(&network), decoder_shapes);
}

static void refuse(const char *layers, const char *decoder, const char *first, const char *second)
{
    const vae_config config = config_of(layers, decoder);
    vae_network network;
    vae_status status = vae_network_encoder(&config, &digits, 40, &network);
    if (!status) status = vae_network_decoder(&config, &digits, 1, &network);
    cr_expect_eq(status, VAE_ERROR_CONFIG, "accepted: %s | %s", layers, decoder);
    const char *key = decoder ? "[model] decoder_layers: " : "[model] layers: ";
    cr_expect_eq(strncmp(vae_error_message(), key, strlen(key)), 0, "%s", vae_error_message());
    cr_expect(strstr(vae_error_message(), first) && strstr(vae_error_message(), second), "%s", vae_error_message());
}

Test(network, decoders_mirror_encoders)
{
    expect("none", NULL, "posterior [1, 40]", "output [1, 28, 28, 2]");
    expect("400", NULL, "encoder.0 [1, 400]; posterior [1, 40]", "decoder.0 [1, 400]; output [1, 28, 28, 2]");
    expect("512, 256", NULL, "encoder.0 [1, 512]; encoder.1 [1, 256]; posterior [1, 40]",
           "decoder.0 [1, 256]; decoder.1 [1, 512]; output [1, 28, 28, 2]");
    expect("conv 32 k4 s2, conv 64 k4 s2, dense 256", NULL,
           "encoder.0 [1, 14, 14, 32]; encoder.1 [1, 7, 7, 64]; encoder.2 [1, 256]; posterior [1, 40]",
           "decoder.0 [1, 256]; decoder.1 [1, 7, 7, 64]; decoder.2 [1, 14, 14, 32]; output [1, 28, 28, 2]");
    expect("conv 8 k3 s2, residual, dropout 0.1, conv 16 k5 s2", NULL,
           "encoder.0 [1, 14, 14, 8]; encoder.1 [1, 14, 14, 8]; encoder.2 [1, 14, 14, 8]; encoder.3 [1, 7, 7, 16]; "
           "posterior [1, 40]",
           "decoder.0 [1, 7, 7, 16]; decoder.1 [1, 14, 14, 8]; decoder.2 [1, 14, 14, 8]; decoder.3 [1, 14, 14, 8]; "
           "output [1, 28, 28, 2]");
    expect("dropout 0.5, 30", NULL, "encoder.0 [1, 28, 28, 1]; encoder.1 [1, 30]; posterior [1, 40]",
           "decoder.0 [1, 30]; output [1, 28, 28, 2]");
}

static uint32_t state = 1;

/* From `low` to `high`. */
static int64_t draw(int64_t low, int64_t high)
{
    state = state * 1664525u + 1013904223u;
    return low + (int64_t)((state >> 8) % (uint32_t)(high - low + 1));
}

/* One to four layers, strided convolutions above all. */
static void draw_layers(char *text, size_t size)
{
    size_t used = 0;
    const int64_t count = draw(1, 4);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t kernel = draw(1, 6), stride = draw(1, 3);
        if (i) used += (size_t)snprintf(text + used, size - used, ", ");
        if (draw(0, 5) == 0) {
            used += (size_t)snprintf(text + used, size - used, "residual k3");
        } else if (draw(0, 3) == 0) {
            used += (size_t)snprintf(text + used, size - used, "conv 2 k%d s%d p%d", (int)kernel, (int)stride,
                                     (int)draw(0, kernel - 1));
        } else {
            used += (size_t)snprintf(text + used, size - used, "conv 3 k%d s%d", (int)kernel, (int)stride);
        }
    }
}

Test(network, any_strided_encoder_is_mirrored_to_the_size_of_the_images)
{
    int made = 0;
    for (int trial = 0; trial < 5000; ++trial) {
        char layers[256];
        vae_network network;
        draw_layers(layers, sizeof layers);
        const vae_config config = config_of(layers, NULL);
        const vae_input images = {.height = draw(1, 60), .width = draw(1, 60), .channels = 1, .scale = 1};
        if (vae_network_encoder(&config, &images, 4, &network)) continue; /* windows larger than such images */
        cr_assert_eq(vae_network_decoder(&config, &images, 2, &network), VAE_OK, "%s on %dx%d: %s", layers,
                     (int)images.height, (int)images.width, vae_error_message());
        const vae_shape *output = &network.layers[network.count - 1].output;
        cr_assert(output->size[1] == images.height && output->size[2] == images.width && output->size[3] == 2, "%s",
                  shapes(&network));
        made++;
    }
    cr_expect_gt(made, 2500);
}

Test(network, decoders_of_their_own)
{
    expect(
        "400", "dense 7x7x8, upsample 2, conv 6, deconv 4", "encoder.0 [1, 400]; posterior [1, 40]",
        "decoder.0 [1, 7, 7, 8]; decoder.1 [1, 14, 14, 8]; decoder.2 [1, 14, 14, 6]; decoder.3 [1, 28, 28, 4]; output "
        "[1, 28, 28, 2]");
    expect("400", "dense 7x7x8", "encoder.0 [1, 400]; posterior [1, 40]",
           "decoder.0 [1, 7, 7, 8]; output [1, 28, 28, 2]");
    expect("400", "none", "encoder.0 [1, 400]; posterior [1, 40]", "output [1, 28, 28, 2]");
}

Test(network, output_paddings_of_height_and_width)
{
    const vae_config config = config_of("400", "dense 10x14x8, deconv 2 k4 s3 p2 o2x0");
    const vae_input images = {.height = 29, .width = 39, .channels = 1, .scale = 1};
    vae_network network;
    cr_assert_eq(vae_network_decoder(&config, &images, 2, &network), VAE_OK, "%s", vae_error_message());
    cr_expect_str_eq(shapes(&network), "decoder.0 [1, 10, 14, 8]; decoder.1 [1, 29, 39, 2]; output [1, 29, 39, 2]");
}

Test(network, defaults_of_windows_keep_or_halve)
{
    const vae_config config = config_of("conv 8 k4 s2, conv 8 k3, conv 8 k5 s2, conv 8 k1 s1", NULL);
    vae_network network;
    cr_assert_eq(vae_network_encoder(&config, &digits, 4, &network), VAE_OK);
    const int64_t paddings[] = {1, 1, 2, 0}, sizes[] = {14, 14, 7, 7};
    for (int i = 0; i < 4; ++i) {
        cr_expect_eq(network.layers[i].window.padding, paddings[i]);
        cr_expect_eq(network.layers[i].output.size[1], sizes[i]);
    }
}

Test(network, what_does_not_fit_names_layer_and_shapes)
{
    refuse("256, conv 3", NULL, "encoder.1", "[1, 256]");
    refuse("conv 8 k40 p0", NULL, "encoder.0", "[1, 28, 28, 1]");
    refuse("conv 8 p3", NULL, "encoder.0", "padding 3");
    refuse("residual k2", NULL, "encoder.0", "an odd kernel");
    refuse("upsample 2", NULL, "encoder.0", "mirrored");
    refuse("400", "upsample 2", "decoder.0", "[1, 20]");
    refuse("400", "dense 9x9x3", "[1, 9, 9, 3]", "no whole factor");
    refuse("400", "dense 56x56x3", "[1, 56, 56, 3]", "no whole factor");
    refuse("conv 8 k4 s40", NULL, "encoder.0", "a stride of 40");
    refuse("400", "dense 2000x2000x2000", "decoder.0", "[1, 2000, 2000, 2000]");
    refuse("400", "7x7x1, upsample 64, upsample 64, upsample 64", "decoder.3", "elements");
}

Test(network, batch_norm_needs_more_than_one_value)
{
    vae_config config = config_of("conv 8 k4 s2 batch_norm, 30", NULL);
    vae_network network;
    config.train.batch_size = 1;
    cr_expect_eq(vae_network_encoder(&config, &digits, 40, &network), VAE_OK, "%s", vae_error_message());
    config = config_of("30 batch_norm", NULL);
    config.train.batch_size = 1;
    cr_expect_eq(vae_network_encoder(&config, &digits, 40, &network), VAE_ERROR_CONFIG);
    cr_expect(strstr(vae_error_message(), "encoder.0") && strstr(vae_error_message(), "batch_size"), "%s",
              vae_error_message());
    config.train.batch_size = 2;
    cr_expect_eq(vae_network_encoder(&config, &digits, 40, &network), VAE_OK, "%s", vae_error_message());
}
