# A thin front of meson. `make help` lists what there is.
#
# Every target first installs the Debian packages it needs and does not find (packages.txt); with all of them there,
# nothing touches the network.

MAKEFLAGS += --no-print-directory
SECONDS ?= 600
export LC_ALL = C.UTF-8

.PHONY: help build run test check fuzz bench soak format generate package bareroot clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the program: build/tandem, and its simulator: build/tandem-sim
	@tools/install build web
	@tools/web
	@tools/build build

run: build ## a whole contact centre on this machine; ARGS='...' goes to the program
	@exec build/tandem run $(ARGS)

test: ## every test
	@tools/install build web test
	@tools/web
	@tools/build build
	@test/all $(SUITES)

check: ## exactly what continuous integration runs
	@.ci/run

fuzz: ## every fuzz target for SECONDS=600 altogether; ONLY=name for one
	@tools/install build check
	@tools/build build-fuzz
	@tools/fuzz $(SECONDS) $(ONLY)

bench: build ## measurements beside the peers; ROWS=a,b for some of them
	@tools/install bench
	@bench/run $(ROWS)

soak: build ## the simulator with fresh seeds until stopped
	@tools/sim soak

format: ## lay out the code
	@tools/install check
	@git ls-files 'src/*.[ch]' 'test/*.[ch]' | xargs -r clang-format-14 -i

generate: build ## documents that are made from the program and its tests
	@tools/requirements >docs/requirements.md
	@[ ! -d docs/reference ] || tools/reference

package: build ## the Debian package: build/tandem_VERSION_ARCHITECTURE.deb
	@packaging/build

cluster: build ## a location of 16 machines on this one, in network namespaces (root); Ctrl-C stops it
	@tools/install cluster
	@exec tools/cluster start

cluster-stop: ## stops it from elsewhere, or takes away what a killed one has left
	@tools/cluster stop

bareroot: ## prove `make run` on a bare Debian 12 (root, a quarter of an hour)
	@tools/install bareroot
	@test/bareroot/run $(ARGS)
	@test/package/bareroot

clean: ## forget everything built; keeps var/, where `make run` stores its data
	@rm -rf build build-asan build-tsan build-clang build-fuzz web/dist
