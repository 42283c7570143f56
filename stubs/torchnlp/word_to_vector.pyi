# The types of what the course uses of torchnlp, which brings none.

from collections.abc import Callable

from torch import Tensor

class GloVe:
    url: dict[str, str | None]
    name: str
    dim: int
    vectors: Tensor
    index_to_token: list[str]
    token_to_index: dict[str, int]

    def __init__(
        self, name: str = ..., dim: int = ..., *, cache: str = ..., is_include: Callable[[str], bool] | None = ...
    ) -> None: ...
    def cache(self, name: str, cache: str, url: str | None = None) -> None: ...
    def __contains__(self, token: object) -> bool: ...
    def __getitem__(self, tokens: str | list[str] | tuple[str, ...]) -> Tensor: ...
    def __len__(self) -> int: ...
