"""Weights of ESM-2 in safetensors files, under the names that Hugging Face gives them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.writing import sha256_of, write_bytes
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.tokens import TOKENS

Weights = Mapping[str, NDArray[Any]]

# Files that others published, by their SHA-256.
KNOWN_FILES: Final = {
    "c78322372c5f2a2db07ff6df20637701d82eb255aa32e2623c2db18553db28d9": "esm2_t6_8M_UR50D",
}

_BLOCK = {
    "attention.query": "attention.self.query",
    "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.out": "attention.output.dense",
    "norm": "attention.LayerNorm",
    "inner_norm": "LayerNorm",
    "widen": "intermediate.dense",
    "narrow": "output.dense",
}
_WHOLE = {
    "embedding": "embeddings.word_embeddings.weight",
    "norm.weight": "encoder.emb_layer_norm_after.weight",
    "norm.bias": "encoder.emb_layer_norm_after.bias",
    "head.dense.weight": "lm_head.dense.weight",
    "head.dense.bias": "lm_head.dense.bias",
    "head.norm.weight": "lm_head.layer_norm.weight",
    "head.norm.bias": "lm_head.layer_norm.bias",
    "head.bias": "lm_head.bias",
}
_LAYER = re.compile(r"^encoder\.layer\.(\d+)\.")
# Found in published files, but computed or of no use here.
_NEEDLESS = re.compile(
    r"(position_ids|inv_freq|position_embeddings\.weight|pooler\..*|contact_head\..*"
    r"|lm_head\.decoder\.(weight|bias))$"
)


def published_name(name: str) -> str:
    """The name under which a weight of :class:`LanguageModel` is stored."""
    if name in _WHOLE:
        return _WHOLE[name]
    _, number, inner = name.split(".", 2)
    part, kind = inner.rsplit(".", 1)
    return f"encoder.layer.{number}.{_BLOCK[part]}.{kind}"


def save_weights(path: Path, model: LanguageModel) -> Path:
    """Write the weights of a model in half precision.

    Args:
        path: The file to write.
        model: The model.

    Returns:
        The path.

    Raises:
        WriteFailed: if it cannot be written; a file that was there is kept.
    """
    halves = {name: array.astype(np.float16) for name, array in published_arrays(model).items()}
    write_bytes(path, save(halves, {"heads": str(model.settings.heads)}))
    return path


def published_arrays(model: LanguageModel) -> dict[str, NDArray[np.float32]]:
    """The weights of a model under the names, and with the axes, of published files."""
    arrays = {}
    for name, value in model.state_dict().items():
        array = value.numpy()
        arrays[published_name(name)] = np.ascontiguousarray(array.T if _is_matrix(name) else array)
    return arrays


def load_model(path: Path, heads: int | None = None) -> LanguageModel:
    """A model with the weights of a file, of ours or of a published ESM-2.

    Args:
        path: A safetensors file; sizes are read off the shapes.
        heads: Heads of a layer; None: as the file says, or as published models of its width have.

    Returns:
        The model, ready for use. Without a head for letters in the file, that head is random.

    Raises:
        BadInput: if the file is missing, or a weight in it is missing, unknown or of another shape.
        DamagedFile: if it is not a whole safetensors file.
    """
    arrays = _read(path)
    settings = _settings(path, arrays, heads)
    model = LanguageModel(settings)
    _fill(model, arrays, path)
    model.eval()
    return model


def known_as(path: Path) -> str | None:
    """The published model that a file is, by its SHA-256; None where it is not known."""
    return KNOWN_FILES.get(sha256_of(path))


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file without their common prefix."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected the safetensors of an ESM-2 model")
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        remedy = "download it again, or convert it with safetensors"
        raise DamagedFile(f"{path}: not a whole safetensors file ({error}); {remedy}") from None
    return {name.removeprefix("esm."): array for name, array in found.items()}


def _settings(path: Path, arrays: Weights, heads: int | None) -> LanguageModelSettings:
    """Sizes, from shapes and metadata."""
    embedding = arrays.get(_WHOLE["embedding"])
    if embedding is None or embedding.ndim != 2 or len(embedding) != TOKENS:
        found = "none" if embedding is None else f"shape {embedding.shape}"
        raise BadInput(
            f"{path}: {_WHOLE['embedding']}: expected shape ({TOKENS}, width), got {found}; "
            "is this an ESM-2 model?"
        )
    numbers = {int(hit[1]) for name in arrays if (hit := _LAYER.match(name))}
    inner = arrays.get("encoder.layer.0.intermediate.dense.weight")
    if inner is None or numbers != set(range(len(numbers))):
        raise BadInput(f"{path}: layers {sorted(numbers)} are not complete from 0 on")
    width = int(embedding.shape[1])
    count = heads or _stored_heads(path) or (40 if width == 2560 else 20)
    return LanguageModelSettings(
        layers=len(numbers), heads=count, width=width, inner=int(inner.shape[0])
    )


def _stored_heads(path: Path) -> int | None:
    """What our own files say."""
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        told = (file.metadata() or {}).get("heads", "")
    return int(told) if told.isdigit() else None


def _fill(model: LanguageModel, arrays: Weights, path: Path) -> None:
    """Put arrays into a model; all must be there and nothing may be left."""
    ours = {published_name(name): (name, value) for name, value in model.state_dict().items()}
    unknown = sorted(n for n in arrays if n not in ours and not _NEEDLESS.search(n))
    missing = sorted(set(ours) - set(arrays))
    if all(name.startswith("lm_head.") for name in missing) and len(missing) == 5:
        missing = []  # published without the head, whole otherwise
    for what, names in (("is unknown", unknown), ("is missing", missing)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise BadInput(f"{path}: weight {names[0]}{more} {what} in a model of this size")
    for stored, (name, value) in ours.items():
        if stored not in arrays:
            continue
        array = arrays[stored].T if _is_matrix(name) else arrays[stored]
        if tuple(array.shape) != tuple(value.shape):
            expected = tuple(value.shape[::-1] if _is_matrix(name) else value.shape)
            got = tuple(arrays[stored].shape)
            raise BadInput(f"{path}: weight {stored}: expected shape {expected}, got {got}")
        value.set_value(np.ascontiguousarray(array, np.float32))


def _is_matrix(name: str) -> bool:
    """Whether Paddle keeps a weight transposed: those of dense layers."""
    return name.endswith(".weight") and "norm" not in name
