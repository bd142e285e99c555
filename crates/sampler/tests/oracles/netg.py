"""Saves a narrow generator of PyTorch's DCGAN example, as the example saves its own, and what it makes of three latents.

    python crates/sampler/tests/oracles/netg.py

Writes ../golden/netG_epoch_0.pth, netG_parallel.pth (as DataParallel names it) and netg.json.
"""

import collections
import json
import pathlib

import torch
from torch import nn

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
LATENT, WIDTH = 5, 2


class Example(nn.Module):
    """The layers that the example's generator has at 64 pixels, in one Sequential called main."""

    def __init__(self):
        super().__init__()
        layers, channels = [], LATENT
        for stage, width in enumerate((8 * WIDTH, 4 * WIDTH, 2 * WIDTH, WIDTH)):
            stride, padding = (1, 0) if stage == 0 else (2, 1)
            layers += [nn.ConvTranspose2d(channels, width, 4, stride, padding, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
            channels = width
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(channels, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, latents):
        return self.main(latents[:, :, None, None])


torch.manual_seed(1)
network = Example()
for _ in range(200):
    network(torch.randn(16, LATENT))
network.eval()
latents = torch.randn(3, LATENT)
with torch.inference_mode():
    images = network(latents)
pixels = (images * 127.5 + 127.5).round().byte().permute(0, 2, 3, 1).reshape(-1)
state = network.state_dict()
torch.save(state, GOLDEN / "netG_epoch_0.pth")
torch.save(collections.OrderedDict((f"module.{name}", tensor) for name, tensor in state.items()), GOLDEN / "netG_parallel.pth")
recorded = {"latents": latents.tolist(), "pixels": pixels[::61].tolist()}
(GOLDEN / "netg.json").write_text(json.dumps(recorded) + "\n")
print(images.std(), [path.stat().st_size for path in GOLDEN.iterdir()])
