"""Landscapes, and files of points."""

import json

import numpy as np

from ebm_studio.data.points.files import is_landscape_file, load_landscape, save_landscape
from ebm_studio.data.points.sources import open_points
from tests.data.points.test_landscape import trained
from tests.fuzz.mutations import odd_json, spoilt


def test_files_of_landscapes(tmp_path, outcome, many):
    path = tmp_path / "x.safetensors"
    save_landscape(path, trained(updates=1))
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    made = list(spoilt([content], 51, many // 3))
    for text in odd_json(json.loads(content[8 : 8 + size]), 52, many // 6):
        header = text.encode("utf-8", "replace")
        made.append(len(header).to_bytes(8, "little") + header + content[8 + size :])
    whole = json.loads(content[8 : 8 + size])
    for text in odd_json(json.loads(whole["__metadata__"]["ebm_studio_landscape"]), 53, many // 3):
        whole["__metadata__"]["ebm_studio_landscape"] = text
        header = json.dumps(whole).encode("utf-8", "replace")
        made.append(len(header).to_bytes(8, "little") + header + content[8 + size :])
    for number, damaged in enumerate(made):
        path.write_bytes(damaged)
        is_landscape_file(path)
        outcome.of(lambda: load_landscape(path), f"landscape {number}", "x.safetensors")


def test_files_of_points(tmp_path, outcome, many):
    points = np.random.default_rng(0).normal(size=(50, 2))
    np.save(tmp_path / "whole.npy", points)
    np.savetxt(tmp_path / "whole.csv", points, delimiter=",")
    for suffix in (".npy", ".csv"):
        path = tmp_path / f"x{suffix}"
        for number, content in enumerate(spoilt([(tmp_path / f"whole{suffix}").read_bytes()], 54, many // 2)):
            path.write_bytes(content)
            outcome.of(lambda path=path: open_points(str(path)), f"points {suffix} {number}")
