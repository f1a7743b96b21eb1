# What there is to do here. Every target prepares what it needs (scripts/setup) and says so.

SHELL := /bin/bash
.DEFAULT_GOAL := help

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
DJC := $(TARGET_DIR)/release/djc

.PHONY: help demo test examples fmt lint docs bench tpch clean

help:  ## this list
	@awk -F ':.*##  *' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo:  ## three million flights: build DJ, compile examples/flights.dj and run it
	@scripts/setup demo
	cargo build --release --locked --bin djc --bin djrun
	$(DJC) run examples/flights.dj

test:  ## every test; the last line counts them
	@scripts/test

examples:  ## run every example, and compile it for a TPU
	@scripts/examples

fmt:  ## format Rust and .dj files
	cargo fmt --all
	cargo run --quiet --bin djc -- fmt examples/*.dj tests/{tpch,corpus,gallery,db-benchmark}/*.dj

lint:  ## what CI checks before the tests: format, clippy, documentation
	@scripts/lint

docs:  ## the API documentation, in target/doc
	cargo doc --no-deps --workspace

bench:  ## the front end, and group-by against Polars and DuckDB
	@scripts/setup bench
	cargo build --release --locked --bin djc --bin djrun
	.cache/venv/bin/python scripts/bench_front_end
	.cache/venv/bin/python scripts/bench_group

tpch:  ## TPC-H at scale 1, compared with DuckDB
	@scripts/tpch --scale 1

clean:  ## remove what was built; .cache stays
	cargo clean
