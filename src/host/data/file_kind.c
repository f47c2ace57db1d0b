/* A table of how files begin that people have beside data sets, or take for one. */
#include "data/file_kind.h"

#include <stdio.h>
#include <string.h>

typedef struct file_kind {
    size_t at; /* where the bytes stand */
    const char *bytes;
    size_t size;
    const char *name, *advice; /* what it is; what to do with it */
} file_kind;

#define MAGIC(at, bytes, name, advice)                                                                                 \
    {                                                                                                                  \
        at, bytes, sizeof(bytes) - 1, name, advice                                                                     \
    }

static const char picture[] = "give the folder that it is in";
static const char archive[] = "unpack it and give the folder or the file that was in it";
static const char array[] = "save the array in it with numpy.save or numpy.savez";
static const char video[] = "save its frames as pictures in a folder";

static const file_kind kinds[] = {
    MAGIC(0, "\x89PNG", "a PNG picture", picture),
    MAGIC(0, "\xFF\xD8\xFF", "a JPEG picture", picture),
    MAGIC(0, "GIF8", "a GIF picture", picture),
    MAGIC(0, "BM", "a BMP picture", picture),
    MAGIC(8, "WEBP", "a WebP picture", picture),
    MAGIC(0, "II*\0", "a TIFF picture", picture),
    MAGIC(0, "MM\0*", "a TIFF picture", picture),
    MAGIC(0, "P4\n", "a PBM picture", picture),
    MAGIC(0, "P5\n", "a PGM picture", picture),
    MAGIC(0, "P6\n", "a PPM picture", picture),
    MAGIC(0, "qoif", "a QOI picture", picture),
    MAGIC(4, "ftypavif", "an AVIF picture", picture),
    MAGIC(4, "ftyphei", "a HEIF picture", picture),
    MAGIC(0, "8BPS", "a Photoshop picture", picture),
    MAGIC(0, "\x76\x2F\x31\x01", "an OpenEXR picture", picture),
    MAGIC(128, "DICM", "a DICOM picture", picture),
    MAGIC(257, "ustar", "a tar archive", archive),
    MAGIC(0, "PK\003\004", "a zip archive", archive),
    MAGIC(0, "BZh", "compressed with bzip2", archive),
    MAGIC(0,
          "\xFD"
          "7zXZ",
          "compressed with xz", archive),
    MAGIC(0, "\x28\xB5\x2F\xFD", "compressed with zstd", archive),
    MAGIC(0, "\x04\x22\x4D\x18", "compressed with lz4", archive),
    MAGIC(0, "7z\xBC\xAF\x27\x1C", "a 7z archive", archive),
    MAGIC(0, "Rar!", "a RAR archive", archive),
    MAGIC(0, "\x1F\x8B", "compressed with gzip twice", archive),
    MAGIC(0, "MATLAB 7.3", "a MATLAB file of version 7.3 (HDF5)", array),
    MAGIC(0, "MATLAB 5", "a MATLAB file", array),
    MAGIC(0, "\x89HDF\r\n", "an HDF5 file", array),
    MAGIC(0, "CDF\001", "a NetCDF file", array),
    MAGIC(0, "CDF\002", "a NetCDF file", array),
    MAGIC(0, "SIMPLE  =", "a FITS file", array),
    MAGIC(0, "PAR1", "a Parquet file", array),
    MAGIC(0, "ARROW1", "an Arrow file", array),
    MAGIC(0, "FEA1", "a Feather file", array),
    MAGIC(0, "SQLite format 3", "an SQLite database", array),
    MAGIC(0, "\x80\002", "a Python pickle, as .pkl and old .pt files are", array),
    MAGIC(0, "\x80\003", "a Python pickle, as .pkl and old .pt files are", array),
    MAGIC(0, "\x80\004", "a Python pickle, as .pkl and old .pt files are", array),
    MAGIC(0, "\x80\005", "a Python pickle, as .pkl and old .pt files are", array),
    MAGIC(8, "{\"", "a safetensors file", array),
    MAGIC(8, "AVI ", "an AVI video", video),
    MAGIC(4, "ftyp", "an MP4 video", video),
    MAGIC(0, "\x1A\x45\xDF\xA3", "a Matroska or WebM video", video),
    MAGIC(8, "WAVE", "a WAV recording", array),
    MAGIC(0, "%PDF", "a PDF document", "save its pictures in a folder"),
};

static const file_kind *find(const vae_probe *probe)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i) {
        const file_kind *kind = &kinds[i];
        if (kind->at + kind->size > probe->size) continue;
        if (memcmp(probe->start + kind->at, kind->bytes, kind->size) == 0) return kind;
    }
    return NULL;
}

static bool has_control_bytes(const vae_probe *probe)
{
    for (size_t i = 0; i < probe->size; ++i) {
        const uint8_t byte = probe->start[i];
        if (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r') return true;
    }
    return false;
}

bool vae_file_kind_is_binary(const vae_probe *probe)
{
    return has_control_bytes(probe) && find(probe);
}

bool vae_file_kind_is_text(const vae_probe *probe)
{
    return probe->size > 0 && !has_control_bytes(probe) && !find(probe);
}

vae_status vae_file_kind_refuse(const char *path, const vae_probe *probe, const char *taken)
{
    const file_kind *kind = find(probe);
    if (probe->size == 0) return vae_error_set(VAE_ERROR_FORMAT, "%s: is empty; %s", path, taken);
    if (kind) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is %s%s; %s (%s)", path, kind->name,
                             probe->gzip ? ", compressed with gzip" : "", kind->advice, taken);
    }
    char bytes[4 * 3 + 1] = "";
    for (size_t i = 0; i < 4 && i < probe->size; ++i)
        snprintf(bytes + 3 * i, sizeof bytes - 3 * i, "%02x ", probe->start[i]);
    return vae_error_set(VAE_ERROR_FORMAT, "%s: begins with %sas none of the files that can be read does; %s", path,
                         bytes, taken);
}
