"""Faces as they are published → the .npz that configs/faces.ini and frey.ini read; called by get-data.

  faces_to_npz.py lfw ARCHIVE FOLDER    Labeled Faces in the Wild, funneled: faces-train.npz, faces-test.npz and their tables
                                        of attributes, which are unknown; needs Pillow
  faces_to_npz.py frey FILE FOLDER      frey_rawface.mat: frey-faces.npz
"""
import hashlib
import io
import os
import struct
import sys
import tarfile
import zipfile
import zlib

# The middle 150 of 250 pixels show the head as the 64x64 faces of faces.ini do; every tenth person is for testing.
LFW_CROP, LFW_SIDE, LFW_TEST = 150, 64, 10
FREY_COUNT, FREY_SHAPE = 1965, (28, 20)
FREY_SHA256 = "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78"


def write_npz(path, shape, pixels):
    """One array of bytes, `images`."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("images.npy", "w") as file:
            file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + pixels)


def lfw(archive_path, folder):
    from PIL import Image

    pictures = {"train": [], "test": []}
    people = {}
    with tarfile.open(archive_path) as archive:
        for member in archive:
            if not member.isfile() or not member.name.endswith(".jpg"):
                continue
            person, name = member.name.split("/")[-2:]
            split = "test" if people.setdefault(person, len(people)) % LFW_TEST == LFW_TEST - 1 else "train"
            image = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")
            left, top = (image.width - LFW_CROP) // 2, (image.height - LFW_CROP) // 2
            image = image.crop((left, top, left + LFW_CROP, top + LFW_CROP)).resize((LFW_SIDE, LFW_SIDE), Image.BOX)
            pictures[split].append((f"{person}/{name}", image.tobytes()))
    for split, images in pictures.items():
        if not images:
            sys.exit(f"{archive_path} holds too few people")
        shape = (len(images), LFW_SIDE, LFW_SIDE, 3)
        write_npz(os.path.join(folder, f"faces-{split}.npz"), shape, b"".join(pixels for _, pixels in images))
        with open(os.path.join(folder, f"faces-{split}-attributes.csv"), "w") as table:
            table.write("image,male,smiling,glasses\n")
            table.writelines(f"{name},,,\n" for name, _ in images)


def elements(data):
    """The (type, content) of a MATLAB 5 file's data elements."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind >> 16:  # a small one: its content is in the second word
            yield kind & 0xFFFF, data[at + 4:at + 4 + (kind >> 16)]
            at += 8
        else:
            yield kind, data[at + 8:at + 8 + size]
            at += 8 + size + (0 if kind == 15 else -size % 8)


def frey(path, folder):
    with open(path, "rb") as file:
        data = file.read()[128:]
    for kind, content in elements(data):
        if kind == 15:  # compressed
            kind, content = next(elements(zlib.decompress(content)))
        if kind != 14:  # a matrix
            continue
        pixels = list(elements(content))[3][1]
        if hashlib.sha256(pixels).hexdigest() == FREY_SHA256:
            write_npz(os.path.join(folder, "frey-faces.npz"), (FREY_COUNT, *FREY_SHAPE), pixels)
            return
    sys.exit(f"{path} does not hold Frey's faces as they are known")


{"lfw": lfw, "frey": frey}[sys.argv[1]](*sys.argv[2:])
