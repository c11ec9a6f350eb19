PYTHON ?= python3
JOBS ?= auto
CASE ?= toy
VENV = .venv
PY = $(VENV)/bin/python
SCRIPT = examples/wgan_gp/cases/wgan_gp_$(CASE).py

# the toy case's preset for a CPU: 8 Gaussians in about two minutes
RUN := outputs_wgan_gp_toy/$(shell date +%Y%m%d-%H%M%S)
SHORT = preset=cpu output_dir=$(RUN)

.PHONY: run test test-heavy test-torch bench-metrics bench-step bench-peers bench-scale samples figure1 gpu-check pr lint format clean

run: $(VENV)/installed
ifeq ($(CASE)$(ARGS),toy)
	$(PY) $(SCRIPT) mode=train $(SHORT)
	$(PY) $(SCRIPT) mode=eval $(SHORT)
	@echo "Samples over the critic's value surface: $(RUN)/samples/iter_00001500.png"
	@echo "Curves: $(RUN)/curves.png"
else
	$(PY) $(SCRIPT) $(ARGS)
endif

# a process for each core, and one thread in each: most tests are too small for more
test: lint
	MKL_NUM_THREADS=1 OMP_NUM_THREADS=1 $(PY) -m pytest -m "not heavy" -n $(JOBS) --dist loadfile

test-heavy: $(VENV)/installed-dev
	$(PY) -m pytest -m heavy

# scores, networks and training steps beside those of PyTorch's packages
test-torch: $(VENV)/installed-torch
	$(PY) -m pytest $(wildcard tests/*/*/test_*_torch.py tests/*/test_*_torch.py tests/benchmarks/*.py)

bench-metrics: $(VENV)/installed-torch
	$(PY) -m benchmarks.bench_metrics $(ARGS)

bench-step: $(VENV)/installed-torch
	$(PY) -m benchmarks.bench_step --compare torch $(ARGS)

# the same beside JAX and a tuned PyTorch as well
bench-peers: $(VENV)/installed .venv-peers/installed
	$(PY) -m benchmarks.bench_step --compare torch torch_tuned jax --peers .venv-peers/bin/python $(ARGS)

bench-scale: $(VENV)/installed
	$(PY) -m benchmarks.bench_scale $(ARGS)

# a picture of each generator of the zoo
samples: $(VENV)/installed
	$(PY) -m tools.zoo samples

figure1: $(VENV)/installed
	$(PY) -m tools.figure1 docs/results/figure1 --runs outputs_figure1

# a report of this machine's GPU; the Paddle that is installed stays, be it a build for GPUs
gpu-check: $(if $(wildcard $(PY)),,$(VENV)/installed)
	$(PY) -m tools.gpu_check $(ARGS)

# a branch in a checkout of PaddleScience, docs/contributing.md: make pr UPSTREAM=path DRAFT=1
BASE ?= develop
PART ?= all
pr: $(VENV)/installed-dev .venv-pr/installed
	$(PY) -m tools.pr $(or $(UPSTREAM),$(error give UPSTREAM=path, a checkout of PaddleScience)) \
		--base $(BASE) --part $(PART) $(if $(DRAFT),--draft)

# formatters and mkdocs as PaddleScience has them
.venv-pr/installed: requirements-pr.txt
	test -d .venv-pr || $(PYTHON) -m venv .venv-pr
	.venv-pr/bin/python -m pip install -q --disable-pip-version-check -r requirements-pr.txt
	touch $@

lint: $(VENV)/installed-dev
	$(PY) -m isort --check-only .
	$(PY) -m black --check -q .
	$(PY) -m ruff .

format: $(VENV)/installed-dev
	$(PY) -m isort .
	$(PY) -m black -q .

$(VENV)/installed: requirements.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(PY) -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	touch $@

# torchvision asks for a CUDA build of torch, which the scores don't need: no dependencies
$(VENV)/installed-torch: $(VENV)/installed-dev requirements-torch.txt
	$(PY) -m pip install -q --disable-pip-version-check -c requirements-torch.txt torch
	$(PY) -m pip install -q --disable-pip-version-check --no-deps -r requirements-torch.txt
	touch $@

# JAX and Paddle want different versions of NumPy
.venv-peers/installed: requirements-peers.txt
	test -d .venv-peers || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install -q --disable-pip-version-check -r requirements-peers.txt
	touch $@

clean:
	rm -rf $(VENV) .venv-pr .venv-peers
