#!/bin/bash
# scripts/get-data faces and frey, in a project folder of its own without ../shared: downloads come from a web server on this
# machine.
set -u
project=$PWD
[ -x "$project/scripts/get-data" ] || { echo "run this from the project's root" >&2; exit 1; }
program=$VAE_PROGRAM
python=${VAE_TEST_PYTHON:-python3}
work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
given=${VAE_DATA:-$project/../shared/data}
export VAE_DATA=/nonexistent VAE_LFW_URL=http://127.0.0.1:9/lfw.tgz VAE_FREY_URL=http://127.0.0.1:9/frey.mat
mkdir -p "$work/project/scripts" "$work/bin" "$work/www" "$work/local/faces"
cp "$project"/scripts/{get-data,faces_to_npz.py} "$work/project/scripts/"
cp -r "$project/configs" "$work/project/"
# The python3 in PATH is that with Pillow; by its own path, as a virtual environment is found by it.
printf '#!/bin/sh\nexec "%s" "$@"\n' "$(command -v "$python")" >"$work/bin/python3"
chmod +x "$work/bin/python3"
cd "$work/project" || exit 1
failures=0

run() {
    output=$(PATH="$work/bin:$PATH" timeout 120 scripts/get-data "$@" 2>&1)
    code=$?
}
expect() { # what command...
    local what=$1
    shift
    if "$@"; then return; fi
    echo "FAILED: $what (exit code $code)"
    echo "$output" | sed 's/^/    /'
    failures=$((failures + 1))
}
is() { [ "$code" -eq "$1" ]; }
says() { [[ $output == *"$1"* ]]; }
nothing_left() { [ -z "$(find data -name '*.npz' -o -name '.get-data*' 2>/dev/null)" ]; }
trains() { # config: a step of it
    "$program" --config "configs/$1.ini" --out "$work/run-$1-$RANDOM" --quiet --set train.epochs=1 --set train.batch_size=4 \
        --set data.limit=8 --set data.test_limit=2 --set data.validation=0 --set model.latent=2 --set model.layers=8 >"$work/log" 2>&1 ||
        { cat "$work/log"; return 1; }
}

# ---- Nothing can be reached ----
for set in faces frey; do
    run $set
    expect "$set: no source gives 1" is 1
    expect "$set: what to do by hand" says "put it at $work/project/data/$set/"
    expect "$set: no source leaves nothing" nothing_left
    "$program" --config configs/$set.ini --out "$work/none" >"$work/log" 2>&1
    expect "$set: the program says where data come from" grep -q "scripts/get-data $set puts it there" "$work/log"
done

# ---- A local copy ----
"$python" - "$work/local/faces" <<'PY'
import io, struct, sys, zipfile
for split, count in (("train", 8), ("test", 4)):
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count}, 64, 64, 3), }}\n".encode()
    with zipfile.ZipFile(f"{sys.argv[1]}/faces-{split}.npz", "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
                         bytes(i * 7 % 251 for i in range(count * 64 * 64 * 3)))
    with open(f"{sys.argv[1]}/faces-{split}-attributes.csv", "w") as table:
        table.write("image,glasses\n" + "".join(f"{i}.jpg,{i % 2}\n" for i in range(count)))
PY
VAE_DATA=$work/local
run faces
expect "a local copy" is 0
expect "a local copy is called so" grep -q "from a local copy" data/faces/SOURCE.txt
expect "faces.ini trains on it" trains faces
expect "faces-small.ini trains on it" trains faces-small
run faces
expect "again says so" says "faces: there already: from a local copy"
rm data/faces/SOURCE.txt
run faces
expect "foreign files give 1" is 1
expect "foreign files are named" says "is not from here"
rm -rf data
VAE_DATA=/nonexistent

# ---- Downloads ----
"$python" -u -m http.server 0 --bind 127.0.0.1 --directory "$work/www" >"$work/server" 2>&1 &
server=$!
for _ in $(seq 100); do
    port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$work/server")
    [ -z "$port" ] || break
    sleep 0.1
done
export VAE_LFW_URL=http://127.0.0.1:$port/lfw.tgz VAE_FREY_URL=http://127.0.0.1:$port/frey.mat
echo "<html>Please log in</html>" | tee "$work/www/lfw.tgz" >"$work/www/frey.mat"
run faces
expect "a wrong archive gives 1" is 1
expect "a wrong archive is named" says "does not have the published checksum"
expect "a wrong archive leaves nothing" nothing_left
run frey
expect "a wrong film gives 1" is 1
expect "a wrong film is named" says "does not hold Frey's faces"
expect "a wrong film leaves nothing" nothing_left

if "$python" -c 'import PIL' 2>/dev/null; then
    "$python" - "$work/www/lfw.tgz" <<'PY'
import io, sys, tarfile
from PIL import Image
with tarfile.open(sys.argv[1], "w:gz") as archive:
    for person in range(20):
        file = io.BytesIO()
        Image.new("RGB", (250, 250), (10 * person, 100, 50)).save(file, "JPEG")
        entry = tarfile.TarInfo(f"lfw_funneled/Person_{person:02}/Person_{person:02}_0001.jpg")
        entry.size = file.tell()
        file.seek(0)
        archive.addfile(entry, file)
PY
    run faces
    expect "another archive than LFW's gives 1" is 1
    VAE_LFW_SHA256=$(sha256sum <"$work/www/lfw.tgz" | cut -d ' ' -f 1)
    export VAE_LFW_SHA256
    run faces
    expect "an archive is converted" is 0
    expect "its source is said" grep -q "from http://127.0.0.1" data/faces/SOURCE.txt
    expect "a table has a row a picture" [ "$(wc -l <data/faces/faces-train-attributes.csv)" -eq 19 ]
    expect "faces.ini trains on it" trains faces
    rm -rf data
    mkdir -p data/faces
    cp "$work/www/lfw.tgz" data/faces/lfw-funneled.tgz
    export VAE_LFW_URL=http://127.0.0.1:9/lfw.tgz
    run faces
    expect "an archive fetched by hand" grep -q "fetched by hand" data/faces/SOURCE.txt
else
    echo "left out: LFW, as $python has no Pillow"
fi
if [ -r "$given/frey/frey-faces.npz" ]; then
    for way in plain compressed; do
        "$python" - "$given/frey/frey-faces.npz" "$work/www/frey.mat" $way <<'PY'
import struct, sys, zipfile, zlib
pixels = zipfile.ZipFile(sys.argv[1]).read("images.npy")[-1965 * 560:]
def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)
matrix = element(14, element(6, struct.pack("<II", 9, 0)) + element(5, struct.pack("<ii", 560, 1965)) +
                 struct.pack("<HH4s", 1, 2, b"ff") + element(2, pixels))
if sys.argv[3] == "compressed":
    matrix = zlib.compress(matrix)
    matrix = struct.pack("<II", 15, len(matrix)) + matrix
with open(sys.argv[2], "wb") as file:
    file.write(b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49) + matrix)
PY
        rm -rf data
        run frey
        expect "the film is converted ($way)" is 0
        expect "frey.ini trains on it ($way)" trains frey
    done
else
    echo "left out: Frey's faces, since neither VAE_DATA nor ../shared/data holds them"
fi

[ $failures -eq 0 ] && echo "get-data: faces as expected"
[ $failures -eq 0 ]
