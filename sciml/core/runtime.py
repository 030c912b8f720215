"""Process settings that make Paddle and NumPy fast on CPUs, made once, before Paddle is imported.

Four settings and a warning filter; what each is worth is measured in
``benchmarks/core_runtime.py``. Each can be switched off by naming it in ``SCIML_RUNTIME_OFF``,
for example ``SCIML_RUNTIME_OFF=malloc,stride``; ``all`` switches off everything.
"""

import ctypes
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

# glibc's mallopt parameters (malloc.h).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_NEVER_TRIM = 2**31 - 1  # bytes
_TOP_PAD_BYTES = 64 << 20

_BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")  # a user's own choice
_REMARKS = ("No ccache found", "When training, we now always track global mean and variance")

_report: dict[str, str] = {}


def prepare() -> dict[str, str]:
    """Make the process settings; later calls change nothing.

    Returns:
        For each setting what was done, or why nothing was; see :func:`report`.
    """
    if not _report:
        switched_off = _switched_off()
        for name, apply in _SETTINGS.items():
            off = name in switched_off or "all" in switched_off
            _report[name] = "switched off by SCIML_RUNTIME_OFF" if off else apply()
    return report()


def report() -> dict[str, str]:
    """What :func:`prepare` did, by the name of the setting."""
    return dict(_report)


def _switched_off() -> set[str]:
    """The names in SCIML_RUNTIME_OFF."""
    return {name.strip() for name in os.environ.get("SCIML_RUNTIME_OFF", "").split(",")}


def _use_fast_mkl_path() -> str:
    """Let Paddle's MKL 2019 take its AVX2 path on AMD processors.

    MKL reads the variable at its first matrix product. On Intel processors it would hold MKL back.
    """
    if not _is_amd():
        return "not needed: the processor is not AMD's"
    os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "5")
    return f"MKL_DEBUG_CPU_TYPE={os.environ['MKL_DEBUG_CPU_TYPE']}"


def _is_amd() -> bool:
    """Whether the processor names itself AuthenticAMD."""
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


def _keep_freed_memory() -> str:
    """Have glibc keep freed memory, so that fresh tensors do not page-fault.

    Memory is given back to the operating system only when the process ends.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return "not available: the C library has no mallopt"
    kept = mallopt(_MMAP_MAX, 0)
    kept = kept and mallopt(_TRIM_THRESHOLD, _NEVER_TRIM)
    kept = kept and mallopt(_TOP_PAD, _TOP_PAD_BYTES)
    return "freed memory is kept" if kept else "refused by the C library"


def _copy_instead_of_view() -> str:
    """Have Paddle's slices and transposes copy at once instead of returning strided views.

    A view is cheap to make, but the copy that follows is slow. With the flag, writing into a
    slice no longer writes into its source: this project never does
    (``tests/core/test_runtime.py::test_our_operations_agree_with_and_without_views``).
    """
    if "paddle" in sys.modules:
        return "too late: paddle was imported before sciml"
    os.environ.setdefault("FLAGS_use_stride_kernel", "0")
    return f"FLAGS_use_stride_kernel={os.environ['FLAGS_use_stride_kernel']}"


def _one_thread_for_products() -> str:
    """Let the OpenBLAS of NumPy and SciPy use one thread.

    Our matrices are small and many: further threads wait for one another, which doubles the
    processor time of two cores and makes work that goes on beside other work several times slower.
    Libraries that are not loaded yet read the variable; those that are get told.
    """
    for name in _BLAS_THREADS:
        if name in os.environ:
            return f"left as it is: {name}={os.environ[name]}"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if "numpy" in sys.modules:
        import threadpoolctl

        threadpoolctl.threadpool_limits(1, user_api="blas")
    return "OPENBLAS_NUM_THREADS=1"


def _silence_remarks() -> str:
    """Hide what Paddle says to everybody: no ccache (with an absolute path), batch statistics."""
    for remark in _REMARKS:
        warnings.filterwarnings("ignore", message=remark)
    return "Paddle's standing remarks are hidden"


_SETTINGS: dict[str, Callable[[], str]] = {
    "mkl": _use_fast_mkl_path,
    "malloc": _keep_freed_memory,
    "stride": _copy_instead_of_view,
    "blas": _one_thread_for_products,
    "warnings": _silence_remarks,
}
