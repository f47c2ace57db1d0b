"""What the PyTorch peers of sequences share: threads, recurrent layers, masks."""
import torch
from torch import nn
from torch.nn import functional as F


def begin(parser):
    """Parses the arguments, and sets threads and the seed."""
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # as vae-cuda and XLA do
    torch.manual_seed(options.seed)
    return options


def lstm(inputs, units, forget_bias=0.0):
    """nn.LSTM with one trained bias, as vae-cuda's has; the other holds what is added to the forget gates."""
    result = nn.LSTM(inputs, units)
    with torch.no_grad():
        result.bias_hh_l0.requires_grad_(False).zero_()
        result.bias_hh_l0[units:2 * units] = forget_bias
    return result


def mask(targets, lengths):
    """targets [steps, rows], -1 where padding stands."""
    beyond = torch.arange(len(targets))[:, None] >= lengths
    return targets.masked_fill(beyond, -1)


# ---- An LSTM with recurrent dropout or layer norms, which nn.LSTM lacks ----
#
# A cell is two functions: sums of gates [rows, 4·units], c [rows, units], a dropout mask (or None) and parameters → what
# the way back needs, c, h; and the way back of one step, whose gradients are those of sums, c and each parameter.


def cell_forward(gates, c, kept):
    i, f, g, o = gates.chunk(4, dim=1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * c + i * (g if kept is None else g * kept)
    return torch.cat((i, f, g, o), dim=1), c, o * torch.tanh(c)


def cell_backward(activated, c, c_before, kept, d_h, d_h_next, d_c):
    i, f, g, o = activated.chunk(4, dim=1)
    d_h = d_h + d_h_next
    tanh_c = torch.tanh(c)
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_added = d_c if kept is None else d_c * kept
    d_gates = torch.cat((d_added * g * i * (1 - i), d_c * c_before * f * (1 - f), d_added * i * (1 - g * g),
                         d_h * tanh_c * o * (1 - o)), dim=1)
    return d_gates, d_c * f


class Scan(torch.autograd.Function):
    """An LSTM over all steps whose weight gradient is one product at the end.

    gates [steps, rows, 4·units]: what inputs and biases give; weight [units, 4·units]; h, c [rows, units]: the initial
    state; kept: [steps, rows, units] or None; cell: its two functions, perhaps compiled, and its parameters.
    """

    @staticmethod
    def forward(ctx, gates, weight, h, c, kept, cell, *parameters):
        needed, states, outputs = [], [c], [h]
        for t in range(len(gates)):
            sums = torch.addmm(gates[t], outputs[-1], weight)
            saved, c, h = cell[0](sums, states[-1], None if kept is None else kept[t], *parameters)
            needed.append(saved)
            states.append(c)
            outputs.append(h)
        ctx.saved, ctx.weight, ctx.kept, ctx.cell, ctx.parameters = (needed, states, outputs), weight, kept, cell, parameters
        return torch.stack(outputs[1:])

    @staticmethod
    def backward(ctx, d_outputs):
        needed, states, outputs = ctx.saved
        back = ctx.weight.t().contiguous()
        d_h, d_c = torch.zeros_like(outputs[0]), torch.zeros_like(states[0])
        d_gates = d_outputs.new_empty(len(needed), *needed[0].shape)
        d_parameters = [torch.zeros_like(parameter) for parameter in ctx.parameters]
        for t in reversed(range(len(needed))):
            kept = None if ctx.kept is None else ctx.kept[t]
            d_sums, d_c, *shares = ctx.cell[1](needed[t], states[t + 1], states[t], kept, d_outputs[t], d_h, d_c, *ctx.parameters)
            d_gates[t] = d_sums
            for d_parameter, share in zip(d_parameters, shares):
                d_parameter += share
            d_h = d_sums @ back
        d_weight = torch.stack(outputs[:-1]).flatten(0, 1).t() @ d_gates.flatten(0, 1)
        return d_gates, d_weight, d_h, d_c, None, None, *d_parameters


def normalise(x, scale, shift):
    return F.layer_norm(x, x.shape[-1:], scale, shift, eps=1e-3)


def normalised_step(gates, c, kept, scale, shift):
    """A layer-normalised LSTM (Ba et al. 2016), with norms of i, f, g, o and c; 1 is added to forget gates → c, h."""
    i, f, g, o = (normalise(gate, scale[n], shift[n]) for n, gate in enumerate(gates.chunk(4, dim=1)))
    g = torch.tanh(g)
    c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * (g if kept is None else g * kept)
    return c, torch.sigmoid(o) * torch.tanh(normalise(c, scale[4], shift[4]))


def normalised_forward(gates, c, kept, scale, shift):
    return gates, *normalised_step(gates, c, kept, scale, shift)


def normalised_backward(gates, c, c_before, kept, d_h, d_h_next, d_c, scale, shift):
    """The step is computed once more, which costs less than to keep all that its gradient needs."""
    _, back = torch.func.vjp(lambda *moving: normalised_step(moving[0], moving[1], kept, *moving[2:]), gates, c_before, scale, shift)
    return back((d_c, d_h + d_h_next))


class RecurrentLayer(nn.Module):
    """An LSTM whose parameters are those of vae-cuda's; `code` numbers go into the gates of every step."""

    def __init__(self, inputs, units, code=0, forget_bias=0.0, dropout=0.0, layer_norm=False, compiled=False):
        super().__init__()
        self.units, self.forget_bias, self.dropout, self.layer_norm = units, forget_bias, dropout, layer_norm
        gates = 4 * units
        self.input = nn.Parameter(torch.empty(inputs, gates))
        self.bias = nn.Parameter(torch.empty(gates))
        self.recurrent = nn.Parameter(torch.empty(units, gates))
        self.code = nn.Parameter(torch.empty(code, gates)) if code else None
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -units ** -0.5, units ** -0.5)
        self.norms = nn.ParameterList([torch.ones(5, units), torch.zeros(5, units)] if layer_norm else [])
        assert not layer_norm or forget_bias == 1
        functions = (normalised_forward, normalised_backward) if layer_norm else (cell_forward, cell_backward)
        self.cell = [torch.compile(function) if compiled else function for function in functions]

    def forward(self, x, code=None, state=None):
        """x [steps, rows, inputs], code [rows, code], state (h, c) → h [steps, rows, units]."""
        bias = self.bias
        if not self.layer_norm:
            bias = bias + torch.nn.functional.pad(bias.new_full((self.units,), self.forget_bias), (self.units, 2 * self.units))
        gates = torch.addmm(bias, x.flatten(0, 1), self.input).unflatten(0, x.shape[:2])
        if code is not None:
            gates = gates + code @ self.code
        h, c = state if state is not None else (x.new_zeros(x.shape[1], self.units),) * 2
        kept = None
        if self.training and self.dropout:
            keep = 1 - self.dropout
            kept = torch.empty(*x.shape[:2], self.units).bernoulli_(keep).div_(keep)
        return Scan.apply(gates, self.recurrent, h, c, kept, self.cell, *self.norms)
