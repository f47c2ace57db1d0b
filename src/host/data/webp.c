/* WebP, by libwebp: the first frame of a file. */
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include "data/image_file.h"

static vae_status damaged(const char *name, const char *what)
{
    return vae_error_set(VAE_ERROR_FORMAT, "%s: is a damaged WebP file: %s", name, what);
}

/* ---- Pixels ---- */

/* A frame may be a part of the canvas; around it there is nothing. */
static vae_status decode_frame(const char *name, const WebPIterator *frame, vae_samples *canvas)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return damaged(name, "the version of libwebp is not that of its headers");
    const size_t row = (size_t)(canvas->width * canvas->channels), whole = row * (size_t)canvas->height;
    const size_t at = (size_t)frame->y_offset * row + (size_t)(frame->x_offset * canvas->channels);
    config.output.colorspace = canvas->channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA =
        (WebPRGBABuffer){.rgba = (uint8_t *)canvas->values + at, .stride = (int)row, .size = whole - at};
    const VP8StatusCode code = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
    WebPFreeDecBuffer(&config.output);
    if (code == VP8_STATUS_OK) return VAE_OK;
    if (code == VP8_STATUS_OUT_OF_MEMORY) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
    return damaged(name, code == VP8_STATUS_NOT_ENOUGH_DATA ? "it is cut short" : "its pixels cannot be decoded");
}

static vae_status read_canvas(const char *name, const WebPDemuxer *demuxer, const WebPIterator *frame,
                              vae_samples *canvas)
{
    *canvas = (vae_samples){.height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT),
                            .width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH),
                            .bits = 8};
    if (frame->x_offset + frame->width > canvas->width || frame->y_offset + frame->height > canvas->height) {
        return damaged(name, "a frame is larger than the picture");
    }
    const bool part = frame->width < canvas->width || frame->height < canvas->height;
    canvas->channels = frame->has_alpha || part ? 4 : 3;
    uint8_t *pixels;
    VAE_TRY(vae_picture_allocate(name, canvas->height, canvas->width, canvas->channels, &pixels));
    canvas->values = pixels;
    if (part) memset(pixels, 0, (size_t)(canvas->height * canvas->width * canvas->channels));
    const vae_status status = decode_frame(name, frame, canvas);
    if (status) free(pixels);
    return status;
}

/* ---- The file ---- */

typedef void take_chunk(vae_picture *picture, const uint8_t *data, size_t size);

static void take(const WebPDemuxer *demuxer, const char *name, take_chunk *function, vae_picture *picture)
{
    WebPChunkIterator chunk;
    if (!WebPDemuxGetChunk(demuxer, name, 1, &chunk)) return;
    function(picture, chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
}

static vae_status decode(const char *name, const WebPDemuxer *demuxer, vae_picture *picture)
{
    WebPIterator frame;
    vae_samples canvas;
    if (!WebPDemuxGetFrame(demuxer, 1, &frame)) return damaged(name, "it has no frame");
    const vae_status status = read_canvas(name, demuxer, &frame, &canvas);
    WebPDemuxReleaseIterator(&frame);
    VAE_TRY(status);
    vae_picture_take_samples(picture, &canvas);
    take(demuxer, "EXIF", vae_picture_take_exif, picture);
    take(demuxer, "XMP ", vae_picture_take_xmp, picture);
    take(demuxer, "ICCP", vae_picture_note_profile, picture);
    if (WebPDemuxGetI(demuxer, WEBP_FF_FRAME_COUNT) > 1) vae_picture_remark(picture, VAE_REMARK_SEVERAL);
    return VAE_OK;
}

vae_status vae_webp_decode(const char *name, const uint8_t *data, size_t size, vae_picture *picture)
{
    const WebPData file = {data, size};
    WebPDemuxer *demuxer = WebPDemux(&file);
    if (!demuxer) return damaged(name, "it is cut short or not well formed");
    const vae_status status = decode(name, demuxer, picture);
    WebPDemuxDelete(demuxer);
    return status;
}
