"""A small convolutional net, for groups that turn and flip images."""

from __future__ import annotations

from symc_runtime.nets.net import Net


class CNN(Net):
    """Convolutions on a pooled copy of every pose of an image; all else as `pooled` reads it.

    The default where an input has images on the group's own grid.
    """

    name = "cnn"
    title = "convolutions on a pooled copy of every pose"
    fits = "finite"
    module = "symc_runtime.modules.cnn:CNN"
    reads_images = True
