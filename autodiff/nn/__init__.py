"""Neural networks as pure functions: layers, activations, losses and initialisers.

>>> import numpy as np
>>> from autodiff import nn, value_and_grad
>>> model = nn.Model([nn.Linear(2, 8), nn.relu, nn.Linear(8, 3)])
>>> theta = model.flatten(model.init(rng=0))
>>> x, labels = np.ones((5, 2)), np.array([0, 1, 2, 0, 1])
>>> loss, gradient = value_and_grad(lambda theta: nn.cross_entropy(model(theta, x), labels))(theta)
>>> gradient.shape == theta.shape == (model.n,)
True
"""

from autodiff.nn.activations import elu, gelu, leaky_relu, prelu, relu, sigmoid, softplus, tanh
from autodiff.nn.initialisers import fans, gain, kaiming_normal, kaiming_uniform, xavier_normal, xavier_uniform
from autodiff.nn.layers import AvgPool2d, Conv2d, ConvTranspose2d, Flatten, Layer, Linear, MaxPool2d, Run
from autodiff.nn.learned_activations import FReLU, PReLU
from autodiff.nn.losses import cross_entropy, huber, l2, mae, mse
from autodiff.nn.model import Model
from autodiff.nn.regularisation import BatchNorm, Dropout

# fmt: off
__all__ = [
    "AvgPool2d", "BatchNorm", "Conv2d", "ConvTranspose2d", "Dropout", "FReLU", "Flatten", "Layer", "Linear",
    "MaxPool2d", "Model", "PReLU", "Run", "cross_entropy", "elu", "fans", "gain", "gelu", "huber", "kaiming_normal",
    "kaiming_uniform", "l2", "leaky_relu", "mae", "mse", "prelu", "relu", "sigmoid", "softplus", "tanh",
    "xavier_normal", "xavier_uniform",
]
# fmt: on
