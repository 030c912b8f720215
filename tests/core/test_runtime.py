"""Process settings are made once, before Paddle, and can be switched off one by one."""

import json
import os
import subprocess
import sys

import pytest

REPORT = "import json, sciml; from sciml.core import runtime; print(json.dumps(runtime.report()))"

# The ways in which this project slices, transposes, writes and differentiates, in one number list.
OPERATIONS = """
import json, sciml, numpy as np, paddle
from paddle import nn
paddle.seed(0)
x = paddle.to_tensor(np.arange(24, dtype="float32").reshape(2, 3, 4) / 7, stop_gradient=False)
part = x[:, 1:, ::2]
turned = x.transpose([2, 0, 1]).reshape([4, 6])
pieces = paddle.concat(paddle.split(x, 2, axis=-1), axis=1).flatten(1)
loss = (part * part).sum() + (turned @ turned.t()).mean() + pieces.tanh().sum() + x[1, 2].sum()
loss.backward()
lstm = nn.LSTM(4, 5)
_, (state, _) = lstm(x)
state[-1].sum().backward()
weight = paddle.zeros([3, 2])
row = paddle.assign(weight[1])
row.add_(paddle.ones([2]))
weight[2] = 5.0
outputs = [loss, x.grad, state, lstm.weight_hh_l0.grad, weight, row]
print(json.dumps([np.asarray(o.numpy(), "float64").ravel().tolist() for o in outputs]))
"""


def printed_by(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    ours = ("SCIML", "FLAGS", "MKL", "OMP", "OPENBLAS")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""  # Paddle's remark about ccache is hidden
    return done.stdout


def test_importing_sciml_imports_no_paddle() -> None:
    code = "import sys, sciml; print([m for m in ('paddle', 'ppsci', 'numpy') if m in sys.modules])"
    assert printed_by(code).strip() == "[]"


def test_every_setting_is_reported_and_made_by_default() -> None:
    report = json.loads(printed_by(REPORT))
    assert set(report) == {"mkl", "malloc", "stride", "blas", "warnings"}
    assert report["stride"] == "FLAGS_use_stride_kernel=0"


@pytest.mark.parametrize("name", ["mkl", "malloc", "stride", "blas", "warnings"])
def test_each_setting_can_be_switched_off(name: str) -> None:
    report = json.loads(printed_by(REPORT, SCIML_RUNTIME_OFF=name))
    off = [key for key, done in report.items() if done == "switched off by SCIML_RUNTIME_OFF"]
    assert off == [name]


def test_a_users_own_value_is_respected() -> None:
    report = json.loads(printed_by(REPORT, FLAGS_use_stride_kernel="1"))
    assert report["stride"] == "FLAGS_use_stride_kernel=1"


@pytest.mark.parametrize("order", ["sciml, numpy", "numpy, sciml"])
def test_numpy_and_scipy_use_one_thread_whoever_comes_first(order: str) -> None:
    assert set(blas_threads(order)) == {1}


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core has one thread")
def test_a_users_own_number_of_threads_is_kept() -> None:
    assert set(blas_threads("sciml, numpy", OPENBLAS_NUM_THREADS="2")) == {2}


def blas_threads(order: str, **environment: str) -> list[int]:
    """Threads of each OpenBLAS that a process has loaded."""
    code = (
        f"import json, {order}, scipy.linalg, threadpoolctl; "
        "pools = threadpoolctl.threadpool_info(); "
        "print(json.dumps([p['num_threads'] for p in pools if p['internal_api'] == 'openblas']))"
    )
    found: list[int] = json.loads(printed_by(code, **environment))
    assert found
    return found


def test_paddle_before_sciml_is_told() -> None:
    code = "import sys, types; sys.modules['paddle'] = types.ModuleType('paddle'); " + REPORT
    assert json.loads(printed_by(code))["stride"] == "too late: paddle was imported before sciml"


def test_our_operations_agree_with_and_without_views() -> None:
    copies = json.loads(printed_by(OPERATIONS))
    views = json.loads(printed_by(OPERATIONS, SCIML_RUNTIME_OFF="stride"))
    for a, b in zip(copies, views, strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-7)


def test_writing_into_a_slice_differs_so_the_flag_is_known_to_act() -> None:
    code = (
        "import sciml, paddle; a = paddle.zeros([3]); b = a[1:]; b.add_(paddle.ones([2])); "
        "print(a.sum().item())"
    )
    assert printed_by(code).strip() == "0.0"
    assert printed_by(code, SCIML_RUNTIME_OFF="stride").strip() == "2.0"
