"""The network that fuses members, neighbouring stations and the place's own past."""

import paddle
from paddle import Tensor, nn
from pydantic import Field, NonNegativeInt, PositiveInt

from sciml.core.axes import axes
from sciml.core.settings import Settings
from sciml.nn.fields import Pointwise
from sciml.weather.post_processing.fusion_inputs import MEMBER_FEATURES, UNKNOWN
from sciml.weather.post_processing.neighbours import FEATURES as NEIGHBOUR_FEATURES

_ABSENT = -1e9  # score of an element that is not there


class FusionNetworkSettings(Settings):
    """Size of the network."""

    width: PositiveInt = 32
    set_width: PositiveInt = 16  # of what is pooled of members and neighbours
    kind_width: PositiveInt = 4  # numbers that are learnt of each kind of member
    station_width: NonNegativeInt = 4  # numbers that are learnt of each station
    station_dropout: float = Field(default=0.1, ge=0, lt=1)  # cases that learn as unknown stations
    dropout: float = Field(default=0.1, ge=0, lt=1)


class SetPooling(nn.Layer):
    """A set of any size as one row, whatever the order of its elements: attention pooling.

    Each element has a value and a score; scores compete with each other and with a score for
    nothing at all, so that an empty set gives zeros.

    Source:
        Zaheer et al., Deep sets, NeurIPS (2017); Ilse, Tomczak & Welling, Attention-based deep
        multiple instance learning, ICML (2018).
    """

    def __init__(self, features: int, width: int) -> None:
        """Draw the weights.

        Args:
            features: Numbers of an element.
            width: Numbers of the pooled row.
        """
        super().__init__()
        self.features = features
        self.inner = Pointwise(features, 2 * width)
        self.value = Pointwise(2 * width, width)
        self.score = Pointwise(2 * width, 1)
        self.nothing = self.create_parameter([1], is_bias=True)

    def forward(self, elements: Tensor, there: Tensor) -> Tensor:
        """Pool.

        Args:
            elements: Shape (batch, element, feature).
            there: 1 where an element is there, else 0. Shape (batch, element).

        Returns:
            Shape (batch, width).
        """
        n = axes(elements, "batch element feature", "elements", feature=self.features)
        axes(there, "batch element", "there", batch=n["batch"], element=n["element"])
        inner = nn.functional.gelu(self.inner(elements))
        scores = self.score(inner).squeeze(-1)
        scores = paddle.where(there > 0, scores, paddle.full_like(scores, _ABSENT))
        scores = paddle.concat([scores, self.nothing.expand([n["batch"], 1])], axis=1)
        # Paddle's softmax leaves exp(-64) of what is as small as can be.
        shares = nn.functional.softmax(scores)[:, :-1] * there
        return paddle.matmul(shares.unsqueeze(1), self.value(inner)).squeeze(1)


class FusionNetwork(nn.Layer):
    """From a case to the numbers that a head makes a distribution of; starts as zero."""

    def __init__(
        self, settings: FusionNetworkSettings, sizes: tuple[int, int, int], outputs: int,
        kinds: tuple[int, ...],
    ) -> None:  # fmt: skip
        """Draw the weights.

        Args:
            settings: Size.
            sizes: Features of a case, neighbours of a station, stations.
            outputs: Numbers that the head wants.
            kinds: Which kind each member is of: those of one kind are alike.
        """
        super().__init__()
        features, neighbours, stations = sizes
        self._drop_station = settings.station_dropout
        self._kinds = paddle.to_tensor(list(kinds), dtype="int64")
        self.kind = nn.Embedding(max(kinds) + 1, settings.kind_width)
        self.members = SetPooling(MEMBER_FEATURES + settings.kind_width, settings.set_width)
        total = features + settings.set_width
        self.around = None
        if neighbours:
            self.around = SetPooling(NEIGHBOUR_FEATURES, settings.set_width)
            total += settings.set_width
        self.station = None
        if settings.station_width and stations:
            start = nn.initializer.Constant(0.0)
            self.station = nn.Embedding(
                stations + 1,
                settings.station_width,
                weight_attr=paddle.ParamAttr(initializer=start),
            )
            total += settings.station_width
        self.straight = Pointwise(total, outputs, zero=True)
        self.first = Pointwise(total, settings.width)
        self.second = Pointwise(settings.width, settings.width)
        self.last = Pointwise(settings.width, outputs, zero=True)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self,
        members: Tensor,
        there: Tensor,
        neighbours: Tensor,
        heard: Tensor,
        features: Tensor,
        station: Tensor,
    ) -> Tensor:
        """What the head is given; arguments as in :class:`Inputs`. Shape (batch, output)."""
        n = axes(members, "batch member feature", "members", feature=MEMBER_FEATURES)
        kinds = self.kind(self._kinds).unsqueeze(0)
        kinds = kinds.expand([n["batch"], n["member"], kinds.shape[2]])
        parts = [features, self.members(paddle.concat([members, kinds], axis=2), there)]
        if self.around is not None:
            parts.append(self.around(neighbours, heard))
        if self.station is not None:
            parts.append(self.station(self._hidden(station)))
        whole = paddle.concat(parts, axis=1)
        inner = self.dropout(nn.functional.gelu(self.first(whole)))
        inner = inner + nn.functional.gelu(self.second(inner))
        return self.straight(whole) + self.last(inner)

    def _hidden(self, station: Tensor) -> Tensor:
        """In training some stations pass for unknown ones, so that those are learnt, too."""
        if not self.training or not self._drop_station:
            return station
        hidden = paddle.rand(station.shape) < self._drop_station
        return paddle.where(hidden, paddle.full_like(station, UNKNOWN), station)
