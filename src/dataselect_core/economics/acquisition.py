"""Cost of the samples of a training set: real, synthetic, and real ones labelled by an expert."""

from dataclasses import dataclass

from dataselect_core.arguments import amount, integer


@dataclass(frozen=True)
class Acquisition:
    """A shopping list of samples, and its price in dollars.

    Attributes
    ----------
    real, synthetic : int
        Number of samples.
    real_dollars, synthetic_dollars, expert_dollars : float
        Cost of getting the real samples, of making the synthetic ones, and of experts' labels for the real ones.
    """

    real: int
    synthetic: int
    real_dollars: float
    synthetic_dollars: float
    expert_dollars: float

    @property
    def dollars(self) -> float:
        """Total price."""
        return self.real_dollars + self.synthetic_dollars + self.expert_dollars

    @property
    def dollars_per_sample(self) -> float:
        """Mean price of a sample; 0 if there is none."""
        count = self.real + self.synthetic
        return self.dollars / count if count else 0.0


def acquire(
    real: int, synthetic: int, real_price: float, synthetic_price: float, expert_price: float = 0.0
) -> Acquisition:
    """Cost of a training set, modelled: numbers times prices.

    Parameters
    ----------
    real, synthetic : int
        Number of samples, at least 0.
    real_price : float
        Dollars for a real sample with an ordinary label.
    synthetic_price : float
        Dollars for a synthetic sample; its label is correct by construction.
    expert_price : float
        Additional dollars for an expert's label of each real sample; 0 without an expert.

    Returns
    -------
    Acquisition

    Raises
    ------
    ValueError, TypeError
        If a number or a price is negative, or is not a number.
    """
    real, synthetic = integer("real", real, 0), integer("synthetic", synthetic, 0)
    return Acquisition(
        real,
        synthetic,
        real * amount("real_price", real_price),
        synthetic * amount("synthetic_price", synthetic_price),
        real * amount("expert_price", expert_price),
    )
