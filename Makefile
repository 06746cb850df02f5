# The commands of the course. Each finds a Python and calls tools/bootstrap.py, which does the work.
# `make lab PYTHON=/path/to/python3.12` chooses a Python; *_ARGS and MODULES go to the command unchanged.

PYTHON =
LAB_ARGS =
CLASS_ARGS =
TEST_ARGS =
MODULES =
BUILD_ARGS =
SLIDES_ARGS =
SITE_ARGS =
WHEELHOUSE_ARGS =
BENCH_ARGS =
LOCK_ARGS =
export SINCE

# If PYTHON is set, no other Python is tried. Otherwise the first choice is a Python that can also make an environment
# with pip, which is a separate package on Debian.
BOOTSTRAP = @run() { \
	advice="Install one from https://www.python.org/downloads/, or name yours: make $$1 PYTHON=/path/to/python3"; \
	if test -n "$(PYTHON)"; then \
		answer=`"$(PYTHON)" -c 'import sys, venv; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null` || \
		answer=`"$(PYTHON)" -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null`; \
		case "$$answer" in \
		'Python 3.1'[1-9] | 'Python 3.'[2-9][0-9]) exec "$(PYTHON)" tools/bootstrap.py "$$@" ;; \
		'Python '[0-9]*) echo "PYTHON=$(PYTHON) is $$answer, but the course needs Python 3.11 or newer." >&2 ;; \
		*) echo "PYTHON=$(PYTHON) does not start as Python, but the course needs Python 3.11 or newer." >&2 ;; \
		esac; \
		echo "$$advice" >&2; \
		exit 1; \
	fi; \
	spare=; \
	for python in python3.14 python3.13 python3.12 python3.11 python3 python; do \
		"$$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		if "$$python" -c 'import ensurepip' >/dev/null 2>&1; then exec "$$python" tools/bootstrap.py "$$@"; fi; \
		test -n "$$spare" || spare=$$python; \
	done; \
	test -z "$$spare" || exec "$$spare" tools/bootstrap.py "$$@"; \
	echo 'No Python 3.11 or newer was found.' >&2; \
	echo "$$advice" >&2; \
	exit 1; \
}; run

.PHONY: help lab class test test-all test-changed env build check slides guide site wheelhouse bench picture lock clean

help:
	@echo 'make lab     set up what is missing, then open the course in JupyterLab (without a browser: LAB_ARGS=--no-browser)'
	@echo 'make class   run a class on this machine (CLASS_ARGS="--students names.csv"; docs/class.md)'
	@echo 'make test    test what a change is likely to break: style, types, lessons, solutions, quick tests'
	@echo 'make test-all run all tests except the nightly ones; more than an hour on two cores'
	@echo 'make test-changed run the tests for your changes since you branched off, or since SINCE=HEAD~3'
	@echo 'make env     create the environment with all extras'
	@echo 'make build   modules/ -> notebooks/, labs/, solutions/, slides/ (MODULES="05 06" builds some)'
	@echo 'make check   compare the built notebooks with their sources, without executing anything'
	@echo 'make slides  export the slides to slides/export/'
	@echo 'make guide   print the instructor guide to slides/export/'
	@echo 'make wheelhouse collect the packages for a room without internet (WHEELHOUSE_ARGS="--platform windows-x86_64")'
	@echo 'make site    make the reading copy in site/: the lessons as pages, searchable, offline'
	@echo 'make bench   measure the speed of the local cloud and the simulators'
	@echo 'make picture draw the picture in README.md again'
	@echo 'make lock    write requirements/*.txt again from pyproject.toml (needs uv)'
	@echo 'make clean   remove the environment and the caches; work/ stays'

lab:
	$(BOOTSTRAP) lab $(LAB_ARGS)

class:
	$(BOOTSTRAP) class $(CLASS_ARGS)

test:
	$(BOOTSTRAP) test $(TEST_ARGS)

test-all:
	$(BOOTSTRAP) test-all $(TEST_ARGS)

test-changed:
	$(BOOTSTRAP) test-changed

env:
	$(BOOTSTRAP) env

build:
	$(BOOTSTRAP) build $(BUILD_ARGS) $(MODULES)

check:
	$(BOOTSTRAP) check $(MODULES)

slides:
	$(BOOTSTRAP) slides $(SLIDES_ARGS) $(MODULES)

guide:
	$(BOOTSTRAP) guide

wheelhouse:
	$(BOOTSTRAP) wheelhouse $(WHEELHOUSE_ARGS)

site:
	$(BOOTSTRAP) site $(SITE_ARGS)

bench:
	$(BOOTSTRAP) bench $(BENCH_ARGS)

picture:
	$(BOOTSTRAP) picture

lock:
	$(BOOTSTRAP) lock $(LOCK_ARGS)

clean:
	$(BOOTSTRAP) clean
