"""Weights of ESM-2 in safetensors files, under the names that Hugging Face gives them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.writing import sha256_of, write_bytes
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.tokens import TOKENS

Weights = Mapping[str, NDArray[Any]]
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

# Files that others published, by their SHA-256.
KNOWN_FILES: Final = {
    "c78322372c5f2a2db07ff6df20637701d82eb255aa32e2623c2db18553db28d9": "esm2_t6_8M_UR50D",
}

# Heads of a layer in published models, by their width: 8M, 35M, 150M, 650M, 3B and 15B.
HEADS_OF_WIDTH: Final = {320: 20, 480: 20, 640: 20, 1280: 20, 2560: 40, 5120: 40}

_BFLOAT16: Final = "BF16"  # the upper half of a number of 32 bits, which NumPy does not know
_FLOATS: Final = ("F16", "F32", "F64", _BFLOAT16)
_PREFIX: Final = "esm."
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


def save_weights(path: Path, model: LanguageModel, about: Mapping[str, str] = _NOTHING) -> Path:
    """Write the weights of a model in half precision.

    Args:
        path: The file to write.
        model: The model.
        about: What the header says of them, such as their licence.

    Returns:
        The path.

    Raises:
        WriteFailed: if it cannot be written; a file that was there is kept.
    """
    halves = {name: array.astype(np.float16) for name, array in published_arrays(model).items()}
    content = save(halves, {**about, "heads": str(model.settings.heads)})
    write_bytes(path, _in_order(content))
    return path


def _in_order(content: bytes) -> bytes:
    """The same file with what it says of itself in the order of names, which else is drawn."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text = text.ljust(-(-len(text) // 8) * 8)  # the numbers behind it stay aligned
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


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
        path: A safetensors file of numbers of 16, 32 or 64 bits; sizes are read off the shapes.
        heads: Heads of a layer; None: as the file says, or as published models of its width have.

    Returns:
        The model, ready for use. Without a head for letters in the file, that head is random.

    Raises:
        BadInput: if the file is missing, a weight in it is missing, unknown, there twice, of
            another shape or not finite, or a layer cannot have so many heads.
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
    """The weights of a file by their names without the common prefix."""
    if not path.is_file():
        raise BadInput(f"{path}: no such file; expected the safetensors of an ESM-2 model")
    try:
        with safe_open(path, "numpy") as file:
            types = {
                name: str(file.get_slice(name).get_dtype())
                for name in file.keys()  # noqa: SIM118
                if not _NEEDLESS.search(name)
            }
            _require_floats_named_once(path, types)
            found = {
                name: file.get_tensor(name) for name, type in types.items() if type != _BFLOAT16
            }
    except (SafetensorError, OSError) as error:
        remedy = "download it again, or convert it with safetensors"
        raise DamagedFile(f"{path}: not a whole safetensors file ({error}); {remedy}") from None
    found |= _bfloat16(path, [name for name, type in types.items() if type == _BFLOAT16])
    return {name.removeprefix(_PREFIX): array for name, array in found.items()}


def _require_floats_named_once(path: Path, types: Mapping[str, str]) -> None:
    """Refuse weights of a type that is not read, and a weight with and without the prefix."""
    for name, type in types.items():
        if type not in _FLOATS:
            raise BadInput(
                f"{path}: weight {name}: expected numbers {', '.join(_FLOATS)}, got {type}; "
                "convert it to one of them"
            )
    for name, count in Counter(name.removeprefix(_PREFIX) for name in types).items():
        if count > 1:
            raise BadInput(
                f"{path}: weight {name} is there twice, with and without '{_PREFIX}'; keep one"
            )


def _bfloat16(path: Path, names: Iterable[str]) -> dict[str, NDArray[np.float32]]:
    """Weights that are stored as the upper halves of numbers of 32 bits."""
    found: dict[str, NDArray[np.float32]] = {}
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        for name in names:
            begin, end = header[name]["data_offsets"]
            file.seek(8 + size + begin)
            upper = np.frombuffer(file.read(end - begin), "<u2").astype(np.uint32)
            found[name] = (upper << 16).view(np.float32).reshape(header[name]["shape"])
    return found


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
    if inner is None or inner.ndim != 2 or numbers != set(range(len(numbers))):
        raise BadInput(f"{path}: layers {sorted(numbers)} are not complete from 0 on")
    width = int(embedding.shape[1])
    count = _heads(path, width, heads)
    return LanguageModelSettings(
        layers=len(numbers), heads=count, width=width, inner=int(inner.shape[0])
    )


def _heads(path: Path, width: int, given: int | None) -> int:
    """Heads of a layer: those given, else what the file says, else as published."""
    stored = _stored_heads(path)
    count = given if given is not None else stored
    count = count if count is not None else HEADS_OF_WIDTH.get(width)
    if count is None:
        known = ", ".join(map(str, HEADS_OF_WIDTH))
        raise BadInput(
            f"{path}: does not say how many heads a layer has, and no published ESM-2 has the "
            f"width {width} (known: {known}); give heads"
        )
    if count < 1 or width < 1 or width % (2 * count):
        raise BadInput(
            f"{path}: heads: {count} heads cannot share the width {width}; expected a number of "
            "heads whose double divides it"
        )
    return count


def _stored_heads(path: Path) -> int | None:
    """What our own files say."""
    with safe_open(path, "numpy") as file:
        told = (file.metadata() or {}).get("heads", "")
    return int(told) if told.isdigit() else None


def _fill(model: LanguageModel, arrays: Weights, path: Path) -> None:
    """Put arrays into a model; all must be there and nothing may be left."""
    ours = {published_name(name): (name, value) for name, value in model.state_dict().items()}
    unknown = sorted(set(arrays) - set(ours))
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
        value.set_value(_finite(np.ascontiguousarray(array, np.float32), stored, path))


def _finite(array: NDArray[np.float32], name: str, path: Path) -> NDArray[np.float32]:
    """A weight, all of whose values are numbers."""
    wrong = array.size - int(np.count_nonzero(np.isfinite(array)))
    if wrong:
        raise BadInput(
            f"{path}: weight {name}: {wrong} of {array.size} values are no finite numbers of 32 "
            "bits; take weights of a training that did not diverge"
        )
    return array


def _is_matrix(name: str) -> bool:
    """Whether Paddle keeps a weight transposed: those of dense layers."""
    return name.endswith(".weight") and "norm" not in name
