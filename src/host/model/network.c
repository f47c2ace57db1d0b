/* Infers layers' shapes and fills in their defaults; mirrors the encoder, or completes the decoder that was given. */
#include "model/network.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- Shapes ---- */

static vae_shape vector_of(int64_t size)
{
    return vae_shape_matrix(1, size);
}

static bool is_images(const vae_shape *shape)
{
    return shape->rank == 4;
}

static vae_status refuse(const vae_network_layer *layer, const char *kind, const char *wanted)
{
    char text[96];
    return vae_error_set(VAE_ERROR_CONFIG, "%s: %s needs %s, but its input is %s", layer->name, kind, wanted,
                         vae_shape_format(&layer->input, text, sizeof text));
}

/* What halves (or keeps) a size that the stride divides. */
static int64_t default_padding(int64_t kernel, int64_t stride)
{
    return kernel > stride ? (kernel - stride + 1) / 2 : 0;
}

static vae_window window_of(const vae_layer *layer)
{
    vae_window window = {.kernel = layer->kernel, .stride = layer->stride};
    window.padding = layer->padding >= 0 ? layer->padding : default_padding(layer->kernel, layer->stride);
    if (layer->kind == VAE_LAYER_DECONV) {
        const int64_t doubling = layer->stride + 2 * window.padding - layer->kernel;
        for (int axis = 0; axis < 2; ++axis) {
            const int64_t asked = layer->output_padding[axis];
            window.output_padding[axis] = asked >= 0 ? asked : doubling < 0 ? 0 : doubling;
        }
    }
    return window;
}

/* Fills in `output` from `input`. */
static vae_status infer(const vae_layer *asked, vae_network_layer *layer)
{
    const vae_shape *input = &layer->input;
    switch (layer->kind) {
    case VAE_LAYER_DENSE:
        layer->output =
            asked->height > 0 ? vae_shape_images(1, asked->height, asked->width, asked->size) : vector_of(asked->size);
        return VAE_OK;
    case VAE_LAYER_CONV:
    case VAE_LAYER_DECONV:
        if (!is_images(input)) return refuse(layer, "a convolution", "images [height, width, channels]");
        return vae_window_output(&layer->window, layer->kind == VAE_LAYER_DECONV, layer->name, input, asked->size,
                                 &layer->output);
    case VAE_LAYER_UPSAMPLE:
        if (!is_images(input)) return refuse(layer, "upsample", "images [height, width, channels]");
        layer->output = vae_shape_images(1, input->size[1] * asked->size, input->size[2] * asked->size, input->size[3]);
        return VAE_OK;
    case VAE_LAYER_RESIDUAL:
        if (layer->window.kernel % 2 == 0) return refuse(layer, "residual", "an odd kernel");
        layer->output = *input;
        return VAE_OK;
    case VAE_LAYER_DROPOUT: layer->output = *input; return VAE_OK;
    case VAE_LAYER_COUNT: break;
    }
    return vae_error_set(VAE_ERROR_ARGUMENT, "layer %d is not known", (int)layer->kind);
}

/* Sizes of a layer are at most 2^20, so that neither this product nor that of a weight leaves 64 bits. */
static vae_status check_size(const vae_network_layer *layer)
{
    char text[96];
    if (vae_shape_elements(&layer->output) <= VAE_MAX_ELEMENTS) return VAE_OK;
    return vae_error_set(VAE_ERROR_CONFIG, "%s: makes %s of one image, more than %" PRId64 " elements", layer->name,
                         vae_shape_format(&layer->output, text, sizeof text), VAE_MAX_ELEMENTS);
}

static vae_status append(vae_network *network, const char *part, const vae_layer *asked, vae_activation activation)
{
    const int32_t index = network->count;
    vae_network_layer *layer = &network->layers[index];
    const vae_shape input = index > 0 ? network->layers[index - 1].output : layer->input;
    *layer = (vae_network_layer){
        .kind = (vae_layer_kind)asked->kind,
        .norm = (vae_norm)asked->norm,
        .activation = activation,
        .window = window_of(asked),
        .factor = asked->size,
        .rate = asked->rate,
        .input = input,
    };
    snprintf(layer->name, sizeof layer->name, part, (int)index);
    VAE_TRY(infer(asked, layer));
    VAE_TRY(check_size(layer));
    network->count++;
    return VAE_OK;
}

static vae_status append_all(vae_network *network, const char *part, const vae_layer_list *list,
                             vae_activation activation)
{
    for (int32_t i = 0; i < list->count; ++i)
        VAE_TRY(append(network, part, &list->layer[i], activation));
    return VAE_OK;
}

static const vae_shape *end_of(const vae_network *network)
{
    return network->count > 0 ? &network->layers[network->count - 1].output : &network->layers[0].input;
}

/* Dropouts of a model draw from streams of their own. */
static void number_dropouts(vae_network *network, uint32_t first)
{
    for (int32_t i = 0; i < network->count; ++i) {
        if (network->layers[i].kind == VAE_LAYER_DROPOUT) network->layers[i].noise = first++;
    }
}

/* The variance of one value is 0: a layer would put out its shift, whatever comes in. */
static vae_status check_batch_norms(const vae_config *config, const vae_network *network)
{
    if (config->train.batch_size > 1) return VAE_OK;
    for (int32_t i = 0; i < network->count; ++i) {
        const vae_network_layer *layer = &network->layers[i];
        const int64_t values = vae_shape_elements(&layer->output) / layer->output.size[layer->output.rank - 1];
        if (layer->norm != VAE_NORM_BATCH || values > 1) continue;
        return vae_error_set(VAE_ERROR_CONFIG, "%s: batch_norm needs a batch_size of at least 2", layer->name);
    }
    return VAE_OK;
}

/* An error in a network names the key that asks for it. */
static vae_status name_key(vae_status status, bool decoder)
{
    return status ? vae_error_prepend(VAE_ERROR_CONFIG, "[model] %s", decoder ? "decoder_layers" : "layers") : VAE_OK;
}

/* ---- Encoder ---- */

static vae_status resolve_encoder(const vae_config *config, const vae_input *input, vae_network *network)
{
    *network = (vae_network){0};
    network->layers[0].input = vae_shape_images(1, input->height, input->width, input->channels);
    return append_all(network, "encoder.%d", &config->model.encoder, config->model.activation);
}

static vae_status make_encoder(const vae_config *config, const vae_input *input, int64_t width, vae_network *network)
{
    VAE_TRY(resolve_encoder(config, input, network));
    VAE_TRY(check_batch_norms(config, network));
    number_dropouts(network, 0);
    const vae_layer posterior = {.kind = VAE_LAYER_DENSE, .size = width};
    return append(network, "posterior", &posterior, VAE_ACTIVATION_IDENTITY);
}

vae_status vae_network_encoder(const vae_config *config, const vae_input *input, int64_t width, vae_network *network)
{
    return name_key(make_encoder(config, input, width, network), false);
}

/* ---- Between stochastic layers ---- */

vae_status vae_network_between(const vae_config *config, const vae_layer_list *hidden, const char *name, int32_t from,
                               int32_t to, vae_network *network)
{
    char layers[VAE_NAME_SIZE], output[VAE_NAME_SIZE];
    const vae_layer last = {.kind = VAE_LAYER_DENSE, .size = 2 * config->model.latent.size[to]};
    snprintf(layers, sizeof layers, "%.40s.%%d", name);
    snprintf(output, sizeof output, "%.40s.latent%d", name, to + 1);
    *network = (vae_network){0};
    network->layers[0].input = vector_of(config->model.latent.size[from]);
    vae_status status = append_all(network, layers, hidden, config->model.activation);
    if (!status) status = append(network, output, &last, VAE_ACTIVATION_IDENTITY);
    return status ? vae_error_prepend(VAE_ERROR_CONFIG, "[model] latent_layers") : VAE_OK;
}

/* ---- Decoder ---- */

static vae_layer dense_to(const vae_shape *shape)
{
    vae_layer layer = {.kind = VAE_LAYER_DENSE, .size = shape->size[shape->rank - 1]};
    if (is_images(shape)) {
        layer.height = shape->size[1];
        layer.width = shape->size[2];
    }
    return layer;
}

/* A deconvolution back to the input's size and `channels`. A convolution leaves up to stride - 1 rows and columns at
 * the end unread, not always as many of one as of the other; the output padding makes them again. */
static vae_layer undo_convolution(const vae_network_layer *done, int64_t channels)
{
    const vae_window *w = &done->window;
    vae_layer layer = {
        .kind = VAE_LAYER_DECONV, .size = channels, .kernel = w->kernel, .stride = w->stride, .padding = w->padding};
    for (int axis = 0; axis < 2; ++axis) {
        const int64_t covered = (done->output.size[1 + axis] - 1) * w->stride - 2 * w->padding + w->kernel;
        layer.output_padding[axis] = done->input.size[1 + axis] - covered;
    }
    return layer;
}

/* The layer that gets from an encoder layer's output back to its input. */
static vae_status undo(const vae_network_layer *done, const vae_layer *asked, int64_t channels, vae_layer *layer)
{
    switch (done->kind) {
    case VAE_LAYER_DENSE: {
        *layer = dense_to(&done->input);
        layer->size = is_images(&done->input) ? channels : layer->size;
        break;
    }
    case VAE_LAYER_CONV: *layer = undo_convolution(done, channels); break;
    case VAE_LAYER_RESIDUAL:
    case VAE_LAYER_DROPOUT: *layer = *asked; break;
    default:
        return vae_error_set(VAE_ERROR_CONFIG, "%s: this kind of layer cannot be mirrored; give decoder_layers",
                             done->name);
    }
    layer->norm = asked->norm;
    return VAE_OK;
}

/* `output` where no encoder layer determines it: dense, a 3×3 convolution, or one that enlarges by a whole factor. */
static vae_status general_output(const vae_input *input, const vae_shape *from, int64_t width, vae_layer *layer)
{
    if (!is_images(from)) {
        *layer = (vae_layer){.kind = VAE_LAYER_DENSE, .size = width, .height = input->height, .width = input->width};
        return VAE_OK;
    }
    const int64_t factor = input->height / from->size[1];
    if (from->size[1] * factor != input->height || from->size[2] * factor != input->width) {
        char text[96];
        return vae_error_set(VAE_ERROR_CONFIG,
                             "it ends with images %s, but the data's are [%" PRId64 ", %" PRId64 ", %" PRId64
                             "], which no whole factor reaches",
                             vae_shape_format(from, text, sizeof text), input->height, input->width, input->channels);
    }
    *layer = (vae_layer){.kind = factor == 1 ? VAE_LAYER_CONV : VAE_LAYER_DECONV,
                         .size = width,
                         .kernel = factor == 1 ? 3 : 2 * factor,
                         .stride = factor,
                         .padding = -1,
                         .output_padding = {-1, -1}};
    return VAE_OK;
}

static vae_status append_output(vae_network *network, const vae_input *input, const vae_layer *output)
{
    VAE_TRY(append(network, "output", output, VAE_ACTIVATION_IDENTITY));
    const vae_shape *made = end_of(network);
    if (made->size[1] == input->height && made->size[2] == input->width) return VAE_OK;
    char text[96];
    return vae_error_set(VAE_ERROR_CONFIG, "output: makes %s, but the data's images are [%" PRId64 ", %" PRId64 "]",
                         vae_shape_format(made, text, sizeof text), input->height, input->width);
}

static vae_status mirror(const vae_config *config, const vae_network *encoder, int64_t width, vae_layer *output,
                         bool *found, vae_network *network)
{
    const vae_layer_list *asked = &config->model.encoder;
    vae_layer layer;
    *found = false;
    int32_t first = 0; /* that changes the shape: what is before it has no mirror image */
    while (first < encoder->count && vae_shape_equal(&encoder->layers[first].input, &encoder->layers[first].output))
        ++first;
    if (first == encoder->count) return VAE_OK;
    layer = dense_to(end_of(encoder));
    layer.norm = asked->layer[encoder->count - 1].norm;
    VAE_TRY(append(network, "decoder.%d", &layer, config->model.activation));
    for (int32_t i = encoder->count - 1; i >= first; --i) {
        const vae_network_layer *done = &encoder->layers[i];
        const bool reshapes = !vae_shape_equal(&done->input, &done->output);
        *found = i == first;
        VAE_TRY(undo(done, &asked->layer[i], *found ? width : done->input.size[done->input.rank - 1], &layer));
        if (*found) break;
        /* The dense layer has made this shape already: undoing the last dense layer begins one further down. */
        layer.norm = reshapes ? asked->layer[i - 1].norm : layer.norm;
        VAE_TRY(append(network, "decoder.%d", &layer, config->model.activation));
    }
    layer.norm = VAE_NORM_NONE;
    *output = layer;
    return VAE_OK;
}

static vae_status make_decoder(const vae_config *config, const vae_input *input, const vae_network *encoder,
                               int64_t width, vae_network *network)
{
    *network = (vae_network){0};
    network->layers[0].input = vector_of(config->model.latent.size[0]);
    vae_layer output;
    bool found = false;
    if (config->model.decoder.set) {
        VAE_TRY(append_all(network, "decoder.%d", &config->model.decoder.layers, config->model.activation));
    } else {
        VAE_TRY(mirror(config, encoder, width, &output, &found, network));
    }
    uint32_t dropouts = 0;
    for (int32_t i = 0; i < encoder->count; ++i)
        dropouts += encoder->layers[i].kind == VAE_LAYER_DROPOUT;
    number_dropouts(network, dropouts);
    VAE_TRY(check_batch_norms(config, network));
    if (!found) VAE_TRY(general_output(input, end_of(network), width, &output));
    return append_output(network, input, &output);
}

vae_status vae_network_decoder(const vae_config *config, const vae_input *input, int64_t width, vae_network *network)
{
    vae_network encoder;
    VAE_TRY(name_key(resolve_encoder(config, input, &encoder), false));
    return name_key(make_decoder(config, input, &encoder, width, network), config->model.decoder.set);
}
