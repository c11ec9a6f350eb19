PYTHON ?= python3
CASE ?= toy
VENV = .venv
PY = $(VENV)/bin/python
SCRIPT = examples/wgan_gp/cases/wgan_gp_$(CASE).py

# the toy case's short preset: 8 Gaussians in about two minutes
RUN := outputs_wgan_gp_toy/$(shell date +%Y%m%d-%H%M%S)
SHORT = output_dir=$(RUN) MODEL.dim=128 TRAIN.epochs=1 TRAIN.iters_per_epoch=1500 \
	TRAIN.generator_lr=1e-3 TRAIN.critic_lr=1e-3 TRAIN.lr_decay=true

.PHONY: run test test-heavy test-torch bench-metrics lint format clean

run: $(VENV)/installed
ifeq ($(CASE)$(ARGS),toy)
	$(PY) $(SCRIPT) mode=train $(SHORT)
	$(PY) $(SCRIPT) mode=eval $(SHORT)
	@echo "Samples over the critic's value surface: $(RUN)/samples/iter_00001500.png"
	@echo "Curves: $(RUN)/curves.png"
else
	$(PY) $(SCRIPT) $(ARGS)
endif

test: lint
	$(PY) -m pytest -m "not heavy"

test-heavy: $(VENV)/installed-dev
	$(PY) -m pytest -m heavy

# the scores beside those of PyTorch's packages
test-torch: $(VENV)/installed-torch
	$(PY) -m pytest $(wildcard tests/*/*/test_*_torch.py)

bench-metrics: $(VENV)/installed-torch
	$(PY) benchmarks/bench_metrics.py

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

clean:
	rm -rf $(VENV)
