"""Folders of pictures of every format against Pillow: formats, depths, colour models, orientations, and damage.

The pixels are those of the disk cache, which is an .npy file.
"""
import os
import struct
import subprocess
import sys
import tempfile
import zlib

try:
    import numpy
    from PIL import Image, ImageOps
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

PROGRAM = os.environ["VAE_PROGRAM"]
HEIGHT, WIDTH = 20, 29
CONFIG = "[model]\nlayers = 8\nlatent = 2\n[data]\ntrain_data = {}\nstorage = disk\ncache = {}\n[train]\nepochs = 1\n"
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAILED:", what)


class Workplace:
    """A folder of pictures, and the program's view of it."""

    def __init__(self, root, name):
        self.root = os.path.join(root, name)
        self.pictures = os.path.join(self.root, "pictures")
        os.makedirs(self.pictures)

    def path(self, name):
        return os.path.join(self.pictures, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def run(self, *settings):
        """(exit code, standard error, array of the images or None)"""
        cache, config = os.path.join(self.root, "cache"), os.path.join(self.root, "config.ini")
        with open(config, "w") as file:
            file.write(CONFIG.format(self.pictures, cache))
        for old in os.listdir(cache) if os.path.isdir(cache) else []:
            os.remove(os.path.join(cache, old))
        command = [PROGRAM, "--config", config, "--quiet", "--out", tempfile.mkdtemp(dir=self.root) + "/run"]
        for setting in settings:
            command += ["--set", setting]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        arrays = [name for name in os.listdir(cache) if name.endswith(".npy")] if os.path.isdir(cache) else []
        return done.returncode, done.stderr, numpy.load(os.path.join(cache, arrays[0])) if arrays else None


# ---- Pictures ----

random = numpy.random.default_rng(3)
ramp = numpy.add.outer(numpy.arange(HEIGHT) * 5, numpy.arange(WIDTH) * 4)
COLOURS = numpy.stack([ramp, 255 - ramp, ramp // 2 + 60], axis=2).clip(0, 255).astype(numpy.uint8)
COLOURS[3:9, 5:15] = random.integers(0, 256, (6, 10, 3))
RGB = Image.fromarray(COLOURS)
GREY = RGB.convert("L")
ALPHA = Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH), dtype=numpy.uint8))
RGBA = RGB.copy()
RGBA.putalpha(ALPHA)
LA = GREY.copy()
LA.putalpha(ALPHA)
PALETTE = RGB.quantize(200)
WIDE = random.integers(0, 65536, (HEIGHT, WIDTH), dtype=numpy.uint16)
WIDE_RGB = random.integers(0, 65536, (HEIGHT, WIDTH, 3), dtype=numpy.uint16)


def png(depth, colour, rows, chunks=b"", interlace=0):
    """A PNG file of rows of bytes."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlace)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def packed(values, bits):
    """Rows of values of so few bits, the first in the highest."""
    bit_rows = ((values[:, :, None] >> numpy.arange(bits)[::-1]) & 1).reshape(len(values), -1).astype(numpy.uint8)
    return [numpy.packbits(row).tobytes() for row in bit_rows]


def few(bits):
    return (numpy.asarray(GREY) >> (8 - bits)).astype(numpy.uint8)


def rounded(values, most=65535):
    return numpy.rint(values / most * 255).astype(numpy.uint8)


def over_white(image):
    """Exact, and rounded once."""
    values = numpy.asarray(image.convert("RGBA")).astype(numpy.int64)
    colours, alpha = values[:, :, :3], values[:, :, 3:]
    return ((colours * alpha + 255 * (255 - alpha) + 127) // 255).astype(numpy.uint8)


def adam7(values):
    rows = []
    for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        rows += [row.tobytes() for row in numpy.ascontiguousarray(values[y::dy, x::dx])]
    return rows


def bmp(header_size, bits, compression, rows, palette=b"", masks=b"", top_down=False):
    extra = masks + bytes(max(0, header_size - 40 - len(masks)))
    offset = 14 + 40 + len(extra) + len(palette)
    data = b"".join(rows)
    header = struct.pack("<IiiHHIIiiII", header_size, WIDTH, -HEIGHT if top_down else HEIGHT, 1, bits, compression,
                         len(data), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + header + extra + palette + data


def padded(rows):
    return [row + bytes(-len(row) % 4) for row in rows]


def rle(indices, bits):
    """Runs, literals, ends of lines and a jump over what is 0."""
    out = bytearray()
    for number, row in enumerate(indices[::-1]):
        row = [int(value) for value in row]
        if bits == 8:
            out += bytes([0, 5]) + bytes(row[:5]) + b"\0" + b"".join(bytes([1, value]) for value in row[5:])
        else:
            nibbles = row[:6] + [0, 0]
            out += bytes([0, 6]) + bytes(nibbles[i] << 4 | nibbles[i + 1] for i in (0, 2, 4, 6))
            out += b"".join(bytes([2, row[i] << 4 | row[i + 1]]) for i in range(6, WIDTH - 1, 2))
            out += bytes([1, row[-1] << 4])
        out += b"\0\1" if number == HEIGHT - 1 else b"\0\0"
    return [bytes(out)]


def pnm(kind, values, most=None, comment=False):
    head = f"P{kind}{' # of a test' if comment else ''}\n{WIDTH} {HEIGHT}\n" + (f"{most}\n" if most else "")
    if kind <= 3:
        return (head + " ".join(str(value) for value in values.ravel())).encode()
    if kind == 4:
        return head.encode() + b"".join(packed(values, 1))
    return head.encode() + values.astype(numpy.uint8 if most < 256 else ">u2").tobytes()


def rgb_of(image):
    return numpy.asarray(image.convert("RGB"))


def make_exact(place):
    """name → pixels [height, width, 3]; where nothing is said otherwise, Pillow's own."""
    expected = {}

    def add(name, content=None, pixels=None, image=None, **options):
        if image is not None:
            image.save(place.path(name), **options)
        else:
            place.write(name, content)
        if pixels is None:
            pixels = rgb_of(Image.open(place.path(name)))
        expected[name] = pixels if pixels.ndim == 3 else numpy.stack([pixels] * 3, axis=2)

    # PNG
    for bits in (1, 2, 4):
        add(f"png-grey{bits}.png", png(bits, 0, packed(few(bits), bits)), few(bits) * (255 // (2**bits - 1)))
        entries = random.integers(0, 256, (2**bits, 3), dtype=numpy.uint8)
        chunk = struct.pack(">I", entries.size) + b"PLTE" + entries.tobytes()
        chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
        add(f"png-palette{bits}.png", png(bits, 3, packed(few(bits), bits), chunk), entries[few(bits)])
    add("png-grey8.png", image=GREY)
    add("png-grey16.png", png(16, 0, [row.astype(">u2").tobytes() for row in WIDE]), rounded(WIDE))
    add("png-rgb16.png", png(16, 2, [row.astype(">u2").tobytes() for row in WIDE_RGB]), rounded(WIDE_RGB))
    add("png-rgb.png", image=RGB)
    add("png-rgba.png", pixels=over_white(RGBA), image=RGBA)
    add("png-la.png", pixels=over_white(LA), image=LA)
    add("png-palette8.png", image=PALETTE)
    add("png-palette-trns.png", pixels=over_white(PALETTE), image=PALETTE)
    PALETTE.save(place.path("png-palette-trns.png"), transparency=7)
    expected["png-palette-trns.png"] = over_white(Image.open(place.path("png-palette-trns.png")))
    add("png-interlaced.png", png(8, 2, adam7(COLOURS), interlace=1))
    # BMP
    for bits in (1, 4, 8):
        entries = random.integers(0, 256, (2**bits, 4), dtype=numpy.uint8)
        palette = entries[:, [2, 1, 0, 3]].tobytes()
        rows = padded(packed(few(bits), bits))
        pixels = entries[few(bits)][:, :, :3]
        add(f"bmp-palette{bits}.bmp", bmp(40, bits, 0, rows[::-1], palette))
        check(numpy.array_equal(expected[f"bmp-palette{bits}.bmp"], pixels), f"the test's own BMP of {bits} bits")
        add(f"bmp-palette{bits}-down.bmp", bmp(40, bits, 0, rows, palette, top_down=True), pixels)
        if bits > 1:
            add(f"bmp-rle{bits}.bmp", bmp(40, bits, 3 - bits // 4, rle(few(bits), bits), palette), pixels)
    add("bmp-grey.bmp", image=GREY)
    add("bmp-one.bmp", image=GREY.convert("1"))
    add("bmp-rgb.bmp", image=RGB)
    add("bmp-32.bmp", image=RGBA)
    values = COLOURS.astype(numpy.uint32) >> 3
    thin = (values[:, :, 0] << 10 | values[:, :, 1] << 5 | values[:, :, 2]).astype("<u2")
    add("bmp-16.bmp", bmp(40, 16, 0, padded([row.tobytes() for row in thin[::-1]])))
    green = COLOURS[:, :, 1].astype(numpy.uint32) >> 2
    thin = (values[:, :, 0] << 11 | green << 5 | values[:, :, 2]).astype("<u2")
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    add("bmp-565.bmp", bmp(40, 16, 3, padded([row.tobytes() for row in thin[::-1]]), masks=masks))
    rows = numpy.dstack([COLOURS[:, :, ::-1], numpy.asarray(ALPHA)])[::-1]
    add("bmp-32-unused.bmp", bmp(40, 32, 0, [row.tobytes() for row in rows]), COLOURS)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    add("bmp-32-alpha.bmp", bmp(108, 32, 3, [row.tobytes() for row in rows], masks=masks), over_white(RGBA))
    # PNM
    bits = few(1)
    add("pnm-1.pbm", pnm(1, 1 - bits, comment=True), bits * 255)
    add("pnm-2.pgm", pnm(2, few(4), 15, comment=True), few(4) * 17)
    add("pnm-3.ppm", pnm(3, COLOURS, 255))
    add("pnm-4.pbm", pnm(4, 1 - bits), bits * 255)
    add("pnm-5.pgm", pnm(5, numpy.asarray(GREY), 255))
    add("pnm-5-10.pgm", pnm(5, numpy.asarray(GREY) // 25, 10))
    add("pnm-5-wide.pgm", pnm(5, WIDE >> 4, 4095), rounded(WIDE >> 4, 4095))
    add("pnm-6.ppm", pnm(6, COLOURS, 255))
    add("pnm-6-wide.ppm", pnm(6, WIDE_RGB, 65535))
    # WebP
    add("webp.webp", image=RGB, quality=80)
    add("webp-lossless.webp", image=RGB, lossless=True)
    add("webp-alpha.webp", image=RGBA, lossless=True, exact=True, pixels=over_white(RGBA))
    Image.new("RGB", (WIDTH, HEIGHT), "red").save(place.path("webp-animated.webp"), save_all=True, lossless=True,
                                                  append_images=[RGB, GREY.convert("RGB")])
    expected["webp-animated.webp"] = rgb_of(Image.open(place.path("webp-animated.webp")))
    # TIFF
    for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        add(f"tiff-{name}.tif", image=RGB, compression=name)
        add(f"tiff-grey-{name}.tiff", image=GREY, compression=name)
    add("tiff-group4.tif", image=GREY.convert("1"), compression="group4")
    add("tiff-palette.tif", image=PALETTE)
    add("tiff-cmyk.tif", image=RGB.convert("CMYK"))
    add("tiff-rgba.tif", image=RGBA, pixels=over_white(RGBA))
    add("tiff-la.tif", image=LA, pixels=over_white(LA))
    add("tiff-grey16.tif", image=Image.fromarray(WIDE), pixels=rounded(WIDE))
    add("tiff-16-planar.tif", tiff(16, 3, 2, [WIDE_RGB[:, :, c].astype("<u2").tobytes() for c in range(3)], 2),
        rounded(WIDE_RGB))
    add("tiff-rgb16.tif", tiff(16, 3, 2, [WIDE_RGB.astype("<u2").tobytes()]), rounded(WIDE_RGB))
    add("tiff-planar.tif", tiff(8, 3, 2, [COLOURS[:, :, c].tobytes() for c in range(3)], 2), COLOURS)
    add("tiff-min-is-white.tif", tiff(8, 1, 0, [(255 - numpy.asarray(GREY)).tobytes()]))
    add("tiff-grey4.tif", tiff(4, 1, 1, [b"".join(packed(few(4), 4))]), few(4) * 17)
    tiles = []
    whole = numpy.zeros((32, 32, 3), numpy.uint8)
    whole[:HEIGHT, :WIDTH] = COLOURS
    for y in (0, 16):
        tiles += [whole[y:y + 16, x:x + 16].tobytes() for x in (0, 16)]
    add("tiff-tiled.tif", tiff(8, 3, 2, tiles, tile=16), COLOURS)
    # GIF
    add("gif.gif", image=PALETTE)
    add("gif-grey.gif", image=GREY)
    add("gif-interlaced.gif", image=PALETTE, interlace=True)
    PALETTE.save(place.path("gif-transparent.gif"), transparency=7)
    expected["gif-transparent.gif"] = over_white(Image.open(place.path("gif-transparent.gif")))
    PALETTE.save(place.path("gif-animated.gif"), save_all=True, append_images=[GREY, RGB])
    expected["gif-animated.gif"] = rgb_of(Image.open(place.path("gif-animated.gif")))
    return expected


def tiff(bits, samples, photometric, blocks, planar=1, tile=0):
    """A little-endian TIFF file of whole strips or of tiles."""
    data, offsets = b"", []
    for block in blocks:
        offsets.append(8 + len(data))
        data += block + bytes(len(block) % 2)
    lengths = [len(block) for block in blocks]
    entries = [(256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [bits] * samples), (259, 3, [1]), (262, 3, [photometric]),
               (277, 3, [samples]), (284, 3, [planar])]
    if tile:
        entries += [(322, 4, [tile]), (323, 4, [tile]), (324, 4, offsets), (325, 4, lengths)]
    else:
        entries += [(273, 4, offsets), (278, 4, [HEIGHT]), (279, 4, lengths)]
    directory, behind = b"", b""
    start = 8 + len(data)
    behind_at = start + 2 + 12 * len(entries) + 4
    for tag, kind, values in sorted(entries):
        packed_values = struct.pack("<" + ("H" if kind == 3 else "I") * len(values), *values)
        if len(packed_values) > 4:
            position = struct.pack("<I", behind_at + len(behind))
            behind += packed_values
        else:
            position = packed_values.ljust(4, b"\0")
        directory += struct.pack("<HHI", tag, kind, len(values)) + position
    return b"II*\0" + struct.pack("<I", start) + data + struct.pack("<H", len(entries)) + directory + bytes(4) + behind


# ---- Checks ----

def compare(place, expected, tolerance=0, settings=("data.channels=rgb",)):
    code, words, images = place.run(*settings)
    check(code == 0, f"exit code {code}: {words}")
    if images is None:
        return words
    names = sorted(expected)
    check(len(images) == len(names), f"{len(images)} images of {len(names)}")
    for name, image in zip(names, images):
        difference = numpy.abs(image.astype(int) - expected[name].astype(int))
        check(difference.max() <= tolerance, f"{name}: differs by up to {difference.max()}, at {difference.argmax()}")
    return words


def test_exact(root):
    place = Workplace(root, "exact")
    expected = make_exact(place)
    words = compare(place, expected)
    largest = max(WIDE.max(), WIDE_RGB.max())
    for told in (f"7 pictures have 16 bits a channel and were rounded to 8: the largest value in them is {largest} of 65535",
                 "1 picture was converted from CMYK to RGB: the first is tiff-cmyk.tif",
                 "2 pictures hold several frames or pages, of which the first was taken: the first is gif-animated.gif",
                 " pictures are partly transparent and were laid over white: the first is "):
        check(told in words, f"'{told}' is not told: {words}")
    return place


def test_jpeg(root):
    place = Workplace(root, "jpeg")
    expected = {}
    for name, image, options in (("a.jpg", RGB, {}), ("b.JPEG", GREY, {}), ("c.jpe", RGB, {"progressive": True}),
                                 ("d.jfif", RGB, {"subsampling": 2}), ("e.jpg", RGB, {"subsampling": 0}),
                                 ("f.jpg", RGB.convert("CMYK"), {"quality": 95}), ("g.png", RGB, {"quality": 60})):
        image.save(place.path(name), "JPEG", **options)
        expected[name] = rgb_of(Image.open(place.path(name)))
    # Pillow may have a libjpeg of its own.
    compare(place, expected, tolerance=4)


def test_orientations(root):
    place = Workplace(root, "upright")
    expected = {}
    sides = numpy.asarray(RGB)
    for orientation in range(1, 9):
        stored = RGB if orientation < 5 else RGB.transpose(Image.Transpose.TRANSPOSE)
        exif = Image.Exif()
        exif[274] = orientation
        for ending, options in (("png", {}), ("jpg", {"quality": 100, "subsampling": 0}), ("webp", {"lossless": True}),
                                ("tif", {})):
            name = f"{ending}{orientation}.{ending}"
            stored.save(place.path(name), exif=exif, **options)
            with Image.open(place.path(name)) as image:
                expected[name] = numpy.asarray(ImageOps.exif_transpose(image).convert("RGB"))
            check(expected[name].shape == sides.shape, f"the test's own {name}")
    compare(place, expected, tolerance=4)
    # A damaged block changes nothing.
    place = Workplace(root, "damaged-exif")
    expected = {}
    for number, block in enumerate((b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff\x01\x12", b"nothing")):
        name = f"{number}.jpg"
        RGB.save(place.path(name), exif=b"Exif\0\0" + block, quality=100, subsampling=0)
        expected[name] = numpy.asarray(RGB)
    compare(place, expected, tolerance=12)


def test_left_out(root):
    place = Workplace(root, "left-out")
    RGB.save(place.path("a.png"))
    for name in ("1.heic", "2.HEIC", "3.svg", "notes.txt", "Thumbs.db", ".hidden.png", "no-ending"):
        place.write(name, b"something")
    os.symlink("nowhere.png", place.path("b.png"))
    code, words, images = place.run()
    check(code == 0 and len(images) == 1, f"foreign files: {code}, {words}")
    told = "3 pictures in unsupported formats were left out: 2 .heic, 1 .svg"
    check(words.count(told) == 1, f"'{told}' is not told: {words}")
    check("1 picture was left out, as its name leads to no file" in words, words)
    check(len(words.splitlines()) == 2, f"more is told than there is: {words}")


def test_damage(root, whole):
    """Each file cut at every eighth of its length: one clear error, or left out and counted."""
    place = Workplace(root, "cut")
    RGB.save(place.path("0.png"))
    names = [name for name in sorted(os.listdir(whole.pictures))]
    count = 0
    for name in names:
        stem, ending = os.path.splitext(name)
        with open(whole.path(name), "rb") as file:
            content = file.read()
        for part in range(8):
            place.write(f"{stem}-{part}{ending}", content[:len(content) * part // 8])
            count += 1
        place.write(f"{stem}-magic{ending}", b"?" + content[1:])
        count += 1
    code, words, images = place.run("data.channels=rgb", "data.skip_damaged=yes")
    check(code == 0, f"damaged files: {words}")
    told = int(words.split("damaged pictures were left out")[0].split()[-1]) if "damaged pictures" in words else 0
    check(images is not None and told + len(images) == count + 1, f"{told} left out of {count}: {words}")
    # What is cut in a second frame or in padding may still be whole.
    check(told >= count - 6, f"only {told} of {count} are told to be damaged")
    code, words, images = place.run("data.channels=rgb")
    check(code == 1 and images is None and "/" in words, f"damage without skip_damaged: {code}, {words}")


def main():
    with tempfile.TemporaryDirectory() as root:
        whole = test_exact(root)
        test_jpeg(root)
        test_orientations(root)
        test_left_out(root)
        test_damage(root, whole)
    print("failed" if failures else "passed")
    return 1 if failures else 0


sys.exit(main())
