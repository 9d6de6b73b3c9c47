"""How fast one core decodes and hashes text, pictures, raw video and sound: the rates in facts/kinds.json.

Run by hand: `.venv/bin/python -m tools.measure_rates`. It counts processor time, so other work on the machine matters
little. Pillow comes with Bokeh.
"""

import io
import time

import numpy as np
from PIL import Image

from dataselect_core import datasets
from dataselect_core.datasets import simulated_clips, simulated_drive
from dataselect_core.minhash import signatures
from dataselect_core.shingles import shingle_sets

SIDE = 8  # pixels of the frames that the lab hashes
RAW = (2160, 3840)  # a raw frame: 12.4 MB at 12 bits a pixel, stored as packed bytes
PICTURE = (1280, 720)
REPEATS = 5


def core_seconds(work):
    """Processor seconds of the quickest of some repeats."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def packed_frame():
    """A raw frame at 12 bits a pixel, two pixels in three bytes."""
    return np.random.default_rng(1).integers(0, 256, RAW[0] * RAW[1] * 3 // 2, dtype=np.uint8)


def shrink(packed):
    """Unpack a raw frame and average it in blocks, down to the size that is hashed."""
    triples = packed.reshape(-1, 3).astype(np.uint16)
    pixels = np.empty(2 * len(triples), np.uint16)
    pixels[0::2] = triples[:, 0] | (triples[:, 1] & 15) << 8
    pixels[1::2] = triples[:, 1] >> 4 | triples[:, 2] << 4
    frame = pixels.reshape(RAW)
    return frame.reshape(SIDE, RAW[0] // SIDE, SIDE, RAW[1] // SIDE).mean((1, 3), dtype=np.float32)


def jpeg():
    """A photograph-like picture as JPEG, about 200 kB."""
    generator = np.random.default_rng(1)
    small = generator.integers(0, 256, (90, 160, 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(small).resize(PICTURE, Image.Resampling.BICUBIC), np.int16)
    picture = np.clip(picture + generator.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=85)
    return out.getvalue()


def main():
    """Print bytes per core-second of hashing, and core-seconds per MB of decoding."""
    texts = datasets.licences().texts
    size = sum(len(text.encode()) for text in texts)
    seconds = core_seconds(lambda: signatures(shingle_sets(texts, 5), 128, 1))
    print(f"text: hashes {size / seconds:,.0f} bytes/core-second")

    pictures = datasets.drive(0.7, 1).pictures
    per_second = len(pictures) / core_seconds(
        lambda: signatures(simulated_drive.visual_words(pictures), 128, 1)
    )
    print(f"frames of {SIDE} x {SIDE} pixels: hashes {per_second:,.0f} a core-second")

    packed = packed_frame()
    seconds = core_seconds(lambda: shrink(packed)) / packed.size * 1e6
    print(f"raw video: a frame of {packed.size / 1e6:.1f} MB, decoding {seconds:.4f} core-s/MB")
    print(f"  hashes {per_second * packed.size:,.0f} bytes/core-second")

    data = jpeg()
    seconds = core_seconds(
        lambda: Image.open(io.BytesIO(data)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    )
    print(f"pictures: a JPEG of {len(data) / 1e3:.0f} kB, decoding {seconds / len(data) * 1e6:.4f} core-s/MB")
    print(f"  hashes {per_second * len(data):,.0f} bytes/core-second")

    clips = datasets.clips(0.6, 1).signals
    size = 2 * sum(len(clip) for clip in clips)  # 16 bits a sample
    seconds = core_seconds(lambda: signatures(simulated_clips.spectral_words(clips), 128, 1))
    print(f"sound: hashes {size / seconds:,.0f} bytes/core-second, PCM of 16 bits needs no decoding")


if __name__ == "__main__":
    main()
