"""Trains the judge that the cropper embeds: the recipe of `cargo xtask cascade judge`, several times as fast.

    cargo build --release -p cascade-trainer --example windows
    python judge.py --windows TARGET/release/examples/windows --crops faces.tar --pictures PICTURES --out judge.bin

PICTURES holds the pictures of tests/fixtures/faces.json; those of its measuring half are never opened. The network is trained on the
training half (2,000 steps). Its calibration (Platt) is cross-validated: two networks of 1,400 steps, each trained on half of those
pictures, judge the candidates of the other half. Needs torch, numpy and Pillow; ten minutes of CPU. Sums in another order, on another
processor or by another torch, give other weights in the last bits.
"""

import argparse
import io
import json
import pathlib
import struct
import subprocess
import tarfile
import tempfile

import numpy
import torch
from PIL import Image
from torch.nn import functional

ROOT = pathlib.Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests/fixtures/faces.json").read_text())
CASCADE = ROOT / "crates/face-cropper/cascades/nijigen.xml"
FRAMING = 1.55
SIDE = 32
# Patches are kept with as much around them as training needs, 48 samples across.
CONTEXT, PATCH = 1.4, 48
FILTERS = (16, 32, 48)
LOOKS = (0.94, 1.0, 1.06)


def windows(program, folder, stages, side, smallest, factor, angles):
    command = [program, CASCADE, folder, *map(str, (stages, side, smallest, factor, angles))]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [line.split() for line in lines]
    return [row[0] for row in rows], numpy.array([row[1:] for row in rows], dtype=numpy.float32)


def pyramid(path):
    plane = torch.from_numpy(numpy.array(Image.open(path).convert("RGB").convert("L"), dtype=numpy.float32))
    planes = [plane[None, None]]
    while min(planes[-1].shape[2:]) > 40:
        planes.append(functional.avg_pool2d(planes[-1], 2))
    return planes


def cut(planes, x, y, side, angle, context, samples):
    """Turned squares of a picture, each from the plane whose pixels are about as large as its samples."""
    x, y, side, angle = (torch.as_tensor(numpy.asarray(v, dtype=numpy.float32)) for v in (x, y, side, angle))
    squares = torch.empty(len(x), samples, samples, dtype=torch.uint8)
    levels = torch.floor(torch.log2((side * context / samples).clamp(min=1.0))).clamp(0, len(planes) - 1).long()
    steps = (torch.arange(samples) + 0.5) / samples - 0.5
    for level in levels.unique():
        height, width = planes[level].shape[2:]
        for part in (levels == level).nonzero()[:, 0].split(400):
            scale = (side[part] * context)[:, None, None]
            turn = torch.deg2rad(angle[part])[:, None, None]
            right, down = steps[None, None, :] * scale, steps[None, :, None] * scale
            at_x = (x[part][:, None, None] + right * turn.cos() - down * turn.sin()) / 2.0 ** int(level)
            at_y = (y[part][:, None, None] + right * turn.sin() + down * turn.cos()) / 2.0 ** int(level)
            grid = torch.stack([at_x / width * 2 - 1, at_y / height * 2 - 1], -1).reshape(1, -1, samples, 2)
            found = functional.grid_sample(planes[level], grid, padding_mode="border", align_corners=False)
            squares[part] = found.reshape(len(part), samples, samples).round().to(torch.uint8)
    return squares


def overlap(x, y, side, face):
    """Intersection over union with the frame of a face."""
    left, top, length = face["box"]
    face_x, face_y, frame = left + length / 2, top + length / 2, length * FRAMING
    shared = 1.0
    for a, b in ((x, face_x), (y, face_y)):
        shared = shared * numpy.maximum(0, numpy.minimum(a + side / 2, b + frame / 2) - numpy.maximum(a - side / 2, b - frame / 2))
    return shared / (side * side + frame * frame - shared)


class Material:
    """Patches of wrong windows and of faces, by the index of their picture, and crops."""

    def __init__(self, arguments, folder, stems):
        self.generator = numpy.random.default_rng(1)
        self.wrong, self.wrong_of, self.faces, self.faces_of = [], [], [], []
        searches = ((768, 30, 25), (512, 24, 15))
        found = [
            windows(arguments.windows, folder, 8, side, smallest, 1.15, f"-{tilt},0,{tilt},90,180,270")
            for side, smallest, tilt in searches
        ]
        names = numpy.array(found[0][0] + found[1][0])
        rows = numpy.concatenate([found[0][1], found[1][1]])
        for index, (stem, path) in enumerate(stems.items()):
            planes = pyramid(path)
            self.take_wrong(index, TABLE[stem]["faces"], planes, rows[(names == stem) & (rows[:, 4] == 0)])
            for face in TABLE[stem]["faces"]:
                if face["kind"] == "clear":
                    left, top, side = face["box"]
                    square = ([left + side / 2], [top + side / 2], [side * FRAMING], [face["angle"]])
                    self.faces.append(cut(planes, *square, CONTEXT, PATCH))
                    self.faces_of.append(index)
        self.wrong, self.faces = torch.cat(self.wrong), torch.cat(self.faces)
        self.wrong_of, self.faces_of = torch.tensor(self.wrong_of), torch.tensor(self.faces_of)
        with tarfile.open(arguments.crops) as crops:
            files = sorted((member for member in crops if member.isfile()), key=lambda member: member.name)
            self.crops = torch.stack([crop_patch(crops.extractfile(file).read()) for file in files])

    def take_wrong(self, index, faces, planes, rows):
        for angle in numpy.unique(rows[:, 0]):
            some = rows[rows[:, 0] == angle]
            some = some[self.generator.permutation(len(some))]
            near = numpy.zeros(len(some))
            for face in faces:
                near = numpy.maximum(near, overlap(some[:, 1], some[:, 2], some[:, 3], face))
            some = some[near < 0.12][:150]
            if len(some):
                self.wrong.append(cut(planes, some[:, 1], some[:, 2], some[:, 3], some[:, 0], CONTEXT, PATCH))
                self.wrong_of += [index] * len(some)


def crop_patch(file):
    return torch.from_numpy(numpy.array(Image.open(io.BytesIO(file)).convert("L").resize((PATCH, PATCH), Image.BOX)))


def network():
    layers, channels = [], 1
    for filters in FILTERS:
        layers += [torch.nn.Conv2d(channels, filters, 3, 2, 1), torch.nn.LeakyReLU(0.1)]
        channels = filters
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Dropout(0.2), torch.nn.Linear(16 * channels, 1))


def between(count, low, high):
    return torch.rand(count) * (high - low) + low


def drawn(patches, context, shift, scale, framed):
    """Patches moved, scaled, turned, stretched, mirrored, lit, blurred and disturbed at random; beyond the frame of those `framed` the
    border is repeated, as it is beyond crops."""
    count = len(patches)
    turn = torch.deg2rad(between(count, -20, 20))
    size = between(count, *scale) / context
    across, down = turn.cos() * size, turn.sin() * size
    flip = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    stretch = between(count, -0.1, 0.1).exp()
    off = lambda: between(count, -shift, shift) * 2 / context
    rows = ([across * flip * stretch, -down / stretch, off()], [down * flip * stretch, across / stretch, off()])
    matrix = torch.stack([torch.stack(row, -1) for row in rows], 1)
    grid = functional.affine_grid(matrix, (count, 1, SIDE, SIDE), align_corners=False)
    limit = torch.where(framed, 1 / context, torch.ones(count))[:, None, None, None]
    grid = torch.maximum(torch.minimum(grid, limit), -limit)
    seen = functional.grid_sample(patches[:, None].float(), grid, padding_mode="border", align_corners=False)
    blurred = torch.rand(count) < 0.35
    few = int(torch.randint(11, 26, (1,)))
    small = functional.interpolate(seen[blurred], size=(few, few), mode="bilinear", antialias=True)
    seen[blurred] = functional.interpolate(small, size=(SIDE, SIDE), mode="bilinear")
    seen = (seen / 255).clamp(1e-3, 1) ** between(count, -0.6, 0.5).exp()[:, None, None, None]
    return seen + torch.randn_like(seen) * between(count, 0, 0.03)[:, None, None, None]


def partly_hidden(seen):
    for index in (torch.rand(len(seen)) < 0.25).nonzero()[:, 0].tolist():
        height, width = torch.randint(4, 18, (2,)).tolist()
        top, left = int(torch.randint(0, SIDE - height, (1,))), int(torch.randint(0, SIDE - width, (1,)))
        seen[index, 0, top : top + height, left : left + width] = float(torch.rand(1))
    return seen


def parts(crops):
    count = len(crops)
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = between(count, 0.22, 0.5)
    matrix[:, :, 2] = between(count * 2, -0.7, 0.7).reshape(count, 2)
    grid = functional.affine_grid(matrix, (count, 1, SIDE, SIDE), align_corners=False)
    return functional.grid_sample(crops[:, None].float() / 255, grid, padding_mode="border", align_corners=False)


def confused(seen):
    """Crops on their side, on their head, and cut into squares that change places."""
    quarter = len(seen) // 4
    seen[:quarter] = seen[:quarter].rot90(1, (2, 3))
    seen[quarter : 2 * quarter] = seen[quarter : 2 * quarter].rot90(2, (2, 3))
    for index in range(2 * quarter, len(seen)):
        side = 16 if index % 2 else 8
        across = SIDE // side
        squares = seen[index, 0].reshape(across, side, across, side).permute(0, 2, 1, 3).reshape(-1, side, side)
        order = torch.randperm(len(squares))
        if bool((order == torch.arange(len(order))).all()):
            order = order.flip(0)
        squares = squares[order].reshape(across, across, side, side)
        seen[index, 0] = squares.permute(0, 2, 1, 3).reshape(SIDE, SIDE)
    return seen


def standardised(seen):
    seen = seen - seen.mean((2, 3), keepdim=True)
    return seen / (seen.pow(2).mean((2, 3), keepdim=True).sqrt() + 1 / 255)


def choice(patches, count):
    return patches[torch.randint(len(patches), (count,))]


def batch(crops, faces, wrong, hard):
    whole, some = lambda count: torch.zeros(count, dtype=torch.bool), lambda count: torch.rand(count) < 0.5
    windows = torch.cat([choice(wrong[hard], 54), choice(wrong, 54)])
    right = [
        partly_hidden(drawn(choice(crops, 78), 1.0, 0.08, (0.78, 1.12), whole(78))),
        partly_hidden(drawn(choice(faces, 34), CONTEXT, 0.08, (0.78, 1.22), some(34))),
    ]
    others = [
        drawn(windows, CONTEXT, 0.06, (0.85, 1.15), some(108)),
        parts(choice(crops, 12)),
        confused(drawn(choice(crops, 24), 1.0, 0.08, (0.6, 1.12), whole(24))),
    ]
    return standardised(torch.cat(right + others)), torch.cat([torch.ones(112), torch.zeros(144)])


@torch.no_grad()
def hardest(judge, wrong):
    judge.eval()
    plain = torch.eye(2, 3)[None] / CONTEXT
    answers = []
    for part in wrong.split(2048):
        grid = functional.affine_grid(plain.repeat(len(part), 1, 1), (len(part), 1, SIDE, SIDE), align_corners=False)
        seen = functional.grid_sample(part[:, None].float() / 255, grid, align_corners=False)
        answers.append(judge(standardised(seen))[:, 0])
    judge.train()
    return torch.cat(answers).argsort(descending=True)[: max(1500, len(wrong) // 25)]


def trained(material, steps, left_out=None):
    """A network of all pictures, or of those whose index leaves another remainder by 2."""
    torch.manual_seed(3)
    kept = lambda of: torch.ones(len(of), dtype=torch.bool) if left_out is None else of % 2 != left_out
    wrong, faces = material.wrong[kept(material.wrong_of)], material.faces[kept(material.faces_of)]
    judge, hard = network(), torch.arange(len(wrong))
    adam = torch.optim.AdamW(judge.parameters(), lr=2e-3, betas=(0.9, 0.99), weight_decay=1e-2)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, 4e-3, steps, pct_start=0.1)
    for step in range(steps):
        if step > 0 and step % max(steps // 5, 1) == 0:
            hard = hardest(judge, wrong)
        seen, targets = batch(material.crops, faces, wrong, hard)
        loss = functional.binary_cross_entropy_with_logits(judge(seen)[:, 0], targets)
        adam.zero_grad()
        loss.backward()
        adam.step()
        rate.step()
        if step % 100 == 0:
            print(f"step {step}: loss {float(loss.detach()):.3f}", flush=True)
    return judge.eval()


@torch.no_grad()
def answers(judge, planes, squares, looks=(1.0,)):
    total = 0
    for look in looks:
        seen = cut(planes, squares[:, 0], squares[:, 1], squares[:, 2] * look, squares[:, 3], 1.0, SIDE)[:, None].float() / 255
        both = judge(standardised(torch.cat([seen, seen.flip(3)])))[:, 0]
        total = total + (both[: len(seen)] + both[len(seen) :]) / 2
    return (total / len(looks)).numpy()


def alone(squares, found, same):
    """The likeliest of those that overlap: the indices that `lbp_cascade::judge` keeps."""
    kept = []
    for index in numpy.argsort(-found):
        x, y, side = squares[index, :3]
        def hides(other):
            other_x, other_y, other_side = squares[other, :3]
            shared = 1.0
            for a, b in ((x, other_x), (y, other_y)):
                shared *= max(0, min(a + side / 2, b + other_side / 2) - max(a - side / 2, b - other_side / 2))
            areas = side**2, other_side**2
            return shared >= same * (sum(areas) - shared) or shared > 0.6 * min(areas)
        if not any(hides(other) for other in kept):
            kept.append(index)
    return kept


def refined(judge, planes, squares):
    """`Judge::refined` of crates/lbp-cascade/src/judge/refining.rs."""
    found = answers(judge, planes, squares)
    squares, found = squares[found > -2], found[found > -2]
    kept = alone(squares, found, 0.5)
    squares, found = squares[kept], found[kept]
    for step in (0.12, 0.06):
        for axis in range(3):
            for sign in (1, -1):
                moved = squares.copy()
                moved[:, axis] += sign * step * squares[:, 2] * (1.2 if axis == 2 else 1.0)
                there = answers(judge, planes, moved)
                squares[there > found] = moved[there > found]
                found = numpy.maximum(found, there)
    found = answers(judge, planes, squares, LOOKS)
    kept = alone(squares, found, 0.3)
    return squares[kept], found[kept]


def judged_candidates(judges, program, folder, stems):
    """What the judged search comes down to, with whether it is right; each picture by the network that never saw it."""
    names, rows = windows(program, folder, 10, 512, 24, 1.1, "0")
    names = numpy.array(names)
    pairs = []
    for index, (stem, path) in enumerate(stems.items()):
        some = rows[(names == stem) & (rows[:, 4] > 1)]
        if not len(some):
            continue
        squares, found = refined(judges[index % 2], pyramid(path), some[:, [1, 2, 3, 0]].astype(numpy.float64))
        for (x, y, side, _), answer in zip(squares, found):
            near = {kind: [overlap(x, y, side, face) for face in TABLE[stem]["faces"] if face["kind"] == kind] for kind in ("clear", "hard")}
            if max(near["clear"], default=0) >= 0.35:
                pairs.append((answer, True))
            elif max(near["hard"], default=0) < 0.15:
                pairs.append((answer, False))
    return pairs


def calibration(pairs):
    """Platt's line, with his targets."""
    found = torch.tensor([float(answer) for answer, _ in pairs], dtype=torch.float64)
    is_right = torch.tensor([right for _, right in pairs])
    right, wrong = int(is_right.sum()), int((~is_right).sum())
    targets = torch.where(is_right, (right + 1) / (right + 2), 1 / (wrong + 2)).double()
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    newton = torch.optim.LBFGS([line], max_iter=200)

    def loss():
        newton.zero_grad()
        value = functional.binary_cross_entropy_with_logits(found * line[0] + line[1], targets)
        value.backward()
        return value

    newton.step(loss)
    return line.detach().tolist()


def file(judge, slope, offset):
    """The format of crates/lbp-cascade/src/judge/file.rs."""
    weights = []
    for layer in (judge[0], judge[2], judge[4]):
        weights += [layer.weight.permute(2, 3, 1, 0).reshape(-1), layer.bias]
    weights += [judge[8].weight.reshape(FILTERS[2], 4, 4).permute(1, 2, 0).reshape(-1), judge[8].bias]
    content = b"nijigen-judge 2\n" + torch.cat(weights).detach().numpy().astype("<f4").tobytes()
    content += struct.pack("<ff", slope, offset)
    checksum = 0xCBF29CE484222325
    for byte in content:
        checksum = (checksum ^ byte) * 0x100000001B3 % 2**64
    return content + struct.pack("<Q", checksum)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--windows", "--crops", "--pictures", "--out"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--steps", type=int, nargs=2, default=(1400, 2000), help="of the halves, and of the whole")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    paths = {path.stem: path for path in sorted(arguments.pictures.iterdir())}
    stems = {stem: path for stem, path in paths.items() if TABLE.get(stem, {}).get("half") == "training"}
    with tempfile.TemporaryDirectory() as folder:
        for path in stems.values():
            (pathlib.Path(folder) / path.name).symlink_to(path.resolve())
        material = Material(arguments, folder, stems)
        print(f"{len(material.wrong)} wrong windows, {len(material.faces)} faces, {len(material.crops)} crops")
        halves = [trained(material, arguments.steps[0], left_out) for left_out in (0, 1)]
        pairs = judged_candidates(halves, arguments.windows, folder, stems)
    slope, offset = calibration(pairs)
    print(f"{len(pairs)} candidates, {sum(right for _, right in pairs)} right: confidence = σ({slope:.4f} · answer + {offset:.4f})")
    arguments.out.write_bytes(file(trained(material, arguments.steps[1]), slope, offset))


if __name__ == "__main__":
    main()
